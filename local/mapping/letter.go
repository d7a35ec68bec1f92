package mapping

import (
	"context"
	"strconv"

	"transactional-outbox/local/sqs"
)

// The conditions under which records are given up.
const (
	retriesExhausted = "RetryAttemptsExhausted"
	ageExceeded      = "RecordAgeExceeded"
)

// sendAttempts is how often a dead letter is tried. AWS documents a metric for failed deliveries, and no retry without end.
const sendAttempts = 5

// letter is what a dead letter says beside the range of records.
type letter struct {
	condition     string
	attempts      int
	requestID     string
	responded     bool // there was a response of the function
	functionError string
}

// giveUp finishes records that the function will not see again, and names them in a dead letter if there is a destination.
func (p *processing) giveUp(ctx context.Context, batch []*item, l letter) {
	n := int64(len(batch))
	log := p.m.opts.Logger.With("mapping", p.m.opts.UUID, "shard", p.shard.id, "condition", l.condition, "records", n,
		"start", batch[0].SequenceNumber, "end", batch[len(batch)-1].SequenceNumber)
	if p.config.OnFailure == "" {
		log.WarnContext(ctx, "records dropped")
		p.m.counts.dropped.Add(n)
		p.finish(batch)
		return
	}
	in := &sqs.SendMessageInput{QueueUrl: p.config.OnFailure, MessageBody: p.letterBody(batch, l)}
	for attempt := 1; ; attempt++ {
		_, err := p.m.opts.Queue.SendMessage(context.WithoutCancel(ctx), p.m.opts.Authorizer, in)
		switch {
		case err == nil:
			log.WarnContext(ctx, "records sent to the on-failure destination")
			p.m.counts.delivered.Add(n)
			p.finish(batch)
			return
		case attempt == sendAttempts:
			log.ErrorContext(ctx, "records dropped: on-failure destination not reachable", "error", err)
			p.m.counts.dropped.Add(n)
			p.finish(batch)
			return
		}
		if sleep(ctx, p.m.opts.After, p.m.opts.Backoff(attempt)) != nil {
			return // stopping: the records stay in the backlog
		}
	}
}

// letterBody writes the message exactly as Lambda does: metadata only, with the milliseconds of Kinesis and the seconds of DynamoDB.
func (p *processing) letterBody(batch []*item, l letter) string {
	info, arrival := "KinesisBatchInfo", "2006-01-02T15:04:05.000Z"
	if p.encoder.stream.Format == DynamoDB {
		info, arrival = "DDBStreamBatchInfo", "2006-01-02T15:04:05Z"
	}
	first, last := batch[0], batch[len(batch)-1]
	b := []byte(`{"requestContext":{"requestId":`)
	b = appendString(b, l.requestID)
	b = append(b, `,"functionArn":`...)
	b = appendString(b, p.m.opts.FunctionARN)
	b = append(b, `,"condition":"`+l.condition+`","approximateInvokeCount":`...)
	b = strconv.AppendInt(b, int64(l.attempts), 10)
	b = append(b, '}')
	if l.responded {
		b = append(b, `,"responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":`...)
		if l.functionError == "" {
			b = append(b, "null"...)
		} else {
			b = appendString(b, l.functionError)
		}
		b = append(b, '}')
	}
	b = append(b, `,"version":"1.0","timestamp":"`...)
	b = p.m.opts.Clock().UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = append(b, `","`+info+`":{"shardId":`...)
	b = appendString(b, p.shard.id)
	b = append(b, `,"startSequenceNumber":"`+first.SequenceNumber+`","endSequenceNumber":"`+last.SequenceNumber+`"`...)
	b = append(b, `,"approximateArrivalOfFirstRecord":"`...)
	b = first.Arrival.UTC().AppendFormat(b, arrival)
	b = append(b, `","approximateArrivalOfLastRecord":"`...)
	b = last.Arrival.UTC().AppendFormat(b, arrival)
	b = append(b, `","batchSize":`...)
	b = strconv.AppendInt(b, int64(len(batch)), 10)
	b = append(b, `,"streamArn":`...)
	b = appendString(b, p.encoder.stream.ARN)
	return string(append(b, "}}"...))
}
