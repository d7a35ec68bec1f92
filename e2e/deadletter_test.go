package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"transactional-outbox/e2e/wait"
)

func TestRecordsOfStrangersDoNotStopTheStream(t *testing.T) {
	s := beginAsOwner(t)
	model := s.place(s.order())
	record := s.streamed(model.OrderID, 1)[1]
	for _, garbage := range [][]byte{
		[]byte("\x00\xffnot JSON at all"),
		[]byte(`{"eventName":"INSERT","dynamodb":{"NewImage":`),
		[]byte(`{"hello":"world"}`),
		[]byte(`[1,2,3]`),
		[]byte(`{"eventName":"EXPLODE","dynamodb":{}}`),
		[]byte(`{"eventName":["INSERT"],"dynamodb":{}}`),
	} {
		s.put(record.PartitionKey, garbage) // none of it passes the mapping's filter
	}
	s.passBehind(record.PartitionKey, record)
	s.must(s.audited(s.Context(), model.OrderID))
}

func TestRecordThatCannotBeDecodedBecomesADeadLetter(t *testing.T) {
	s := beginAsOwner(t)
	model := s.place(s.order())
	lane := s.streamed(model.OrderID, 1)[1].PartitionKey
	shard, sequenceNumber := s.put(lane, []byte(`{"eventName":"INSERT","dynamodb":"`+s.unique()+`"}`))

	// Everyone else is served, before and after the record is given up.
	for range 3 {
		placed := s.place(s.order())
		s.must(s.audited(s.Context(), placed.OrderID))
	}
	letter := s.deadLetterOf(shard, sequenceNumber)
	placed := s.place(s.order())
	s.must(s.audited(s.Context(), placed.OrderID))

	if function := s.stage.Functions["fulfilment"]; !strings.HasSuffix(letter.RequestContext.FunctionARN, ":function:"+function) {
		t.Errorf("functionArn %q is not of %s", letter.RequestContext.FunctionARN, function)
	}
	if letter.RequestContext.RequestID == "" || letter.RequestContext.Condition != "RetryAttemptsExhausted" ||
		letter.RequestContext.ApproximateInvokeCount < 1 {
		t.Errorf("requestContext is %+v", letter.RequestContext)
	}
	// The function has answered, and named the record: that is no error of the function.
	if letter.ResponseContext.StatusCode != http.StatusOK || letter.ResponseContext.ExecutedVersion != "$LATEST" ||
		letter.ResponseContext.FunctionError != nil {
		t.Errorf("responseContext is %+v", letter.ResponseContext)
	}
	if letter.Version != "1.0" || time.Since(letter.Timestamp).Abs() > suite.deadLetterPatience+time.Minute {
		t.Errorf("version %q, timestamp %v", letter.Version, letter.Timestamp)
	}
	info := letter.KinesisBatchInfo
	if info.StreamARN != s.stage.StreamARN || info.BatchSize < 1 ||
		info.ApproximateArrivalOfFirstRecord.After(info.ApproximateArrivalOfLastRecord) {
		t.Errorf("KinesisBatchInfo is %+v", info)
	}
}

// deadLetterOf waits for the dead letter about a record, takes it out of the queue and returns it.
func (s *scenario) deadLetterOf(shard, sequenceNumber string) *deadLetter {
	s.Helper()
	var found *deadLetter
	s.must(wait.Until(s.Context(), suite.deadLetterPatience, func(ctx context.Context) error {
		received, err := s.stage.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: &s.stage.DeadLetterQueueURL, MaxNumberOfMessages: 10, WaitTimeSeconds: 1, VisibilityTimeout: 3,
		})
		if err != nil {
			return wait.Stop(err)
		}
		for _, message := range received.Messages {
			letter, err := readDeadLetter(*message.Body)
			if err != nil {
				return wait.Stop(fmt.Errorf("%w in %s", err, *message.Body))
			}
			info := letter.KinesisBatchInfo
			if info.ShardID != shard || !between(info.StartSequenceNumber, sequenceNumber, info.EndSequenceNumber) {
				continue
			}
			found = letter
			_, err = s.stage.SQS.DeleteMessage(ctx, &sqs.DeleteMessageInput{
				QueueUrl: &s.stage.DeadLetterQueueURL, ReceiptHandle: message.ReceiptHandle,
			})
			return err
		}
		return fmt.Errorf("no dead letter about %s of %s", sequenceNumber, shard)
	}))
	return found
}

// between compares sequence numbers, which are longer than any machine's integers.
func between(low, number, high string) bool {
	var l, n, h big.Int
	_, ok1 := l.SetString(low, 10)
	_, ok2 := n.SetString(number, 10)
	_, ok3 := h.SetString(high, 10)
	return ok1 && ok2 && ok3 && l.Cmp(&n) <= 0 && n.Cmp(&h) <= 0
}

// deadLetter is what Lambda sends about records that it has given up.
type deadLetter struct {
	RequestContext struct {
		RequestID              string `json:"requestId"`
		FunctionARN            string `json:"functionArn"`
		Condition              string `json:"condition"`
		ApproximateInvokeCount int    `json:"approximateInvokeCount"`
	} `json:"requestContext"`
	ResponseContext struct {
		StatusCode      int     `json:"statusCode"`
		ExecutedVersion string  `json:"executedVersion"`
		FunctionError   *string `json:"functionError"`
	} `json:"responseContext"`
	Version          string    `json:"version"`
	Timestamp        time.Time `json:"timestamp"`
	KinesisBatchInfo struct {
		ShardID                         string    `json:"shardId"`
		StartSequenceNumber             string    `json:"startSequenceNumber"`
		EndSequenceNumber               string    `json:"endSequenceNumber"`
		ApproximateArrivalOfFirstRecord time.Time `json:"approximateArrivalOfFirstRecord"`
		ApproximateArrivalOfLastRecord  time.Time `json:"approximateArrivalOfLastRecord"`
		BatchSize                       int       `json:"batchSize"`
		StreamARN                       string    `json:"streamArn"`
	} `json:"KinesisBatchInfo"`
}

func readDeadLetter(body string) (*deadLetter, error) {
	decoder := json.NewDecoder(bytes.NewReader([]byte(body)))
	decoder.DisallowUnknownFields()
	var letter deadLetter
	if err := decoder.Decode(&letter); err != nil {
		return nil, err
	}
	if letter.KinesisBatchInfo.StartSequenceNumber == "" {
		return nil, errors.New("no KinesisBatchInfo")
	}
	return &letter, nil
}
