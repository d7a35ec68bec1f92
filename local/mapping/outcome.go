package mapping

import (
	"bytes"

	"github.com/go-json-experiment/json"
)

// verdict is what an invocation means for its batch.
type verdict int

const (
	refused   verdict = iota // the function was not run
	succeeded                // all records are acknowledged
	partly                   // the records before failedAt are acknowledged
	failed                   // none is
)

type outcome struct {
	verdict       verdict
	failedAt      int
	requestID     string
	functionError string
}

// judge reads what a function returned. Without ReportBatchItemFailures the payload means nothing.
func (p *processing) judge(r *Response, batch []*item) outcome {
	if r == nil {
		r = &Response{}
	}
	o := outcome{verdict: succeeded, requestID: r.RequestID, functionError: r.FunctionError}
	switch {
	case r.FunctionError != "":
		o.verdict = failed
	case p.config.partial:
		o.verdict, o.failedAt = judgePayload(r.Payload, batch)
	}
	return o
}

// judgePayload applies AWS's tables for partial batch responses. Complete success: nothing, null, "", [], {}, and a batchItemFailures
// that is empty or null. Complete failure: an item identifier that is missing, empty, null or not of this batch, and whatever is no
// such response at all. Otherwise the lowest sequence number named is where the batch is resumed.
func judgePayload(payload []byte, batch []*item) (verdict, int) {
	payload = bytes.TrimSpace(payload)
	switch string(payload) {
	case "", "null", `""`, "[]", "{}":
		return succeeded, 0
	}
	var response struct {
		BatchItemFailures []struct {
			ItemIdentifier string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(payload, &response); err != nil {
		return failed, 0
	}
	if len(response.BatchItemFailures) == 0 {
		return succeeded, 0
	}
	index := make(map[string]int, len(batch))
	for i, it := range batch {
		index[it.SequenceNumber] = i
	}
	first := len(batch)
	for _, failure := range response.BatchItemFailures {
		i, ok := index[failure.ItemIdentifier]
		if !ok {
			return failed, 0
		}
		first = min(first, i)
	}
	return partly, first
}
