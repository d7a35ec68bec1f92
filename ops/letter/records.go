package letter

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"transactional-outbox/handlers/change"
)

// A Record is one of those a letter is about.
type Record struct {
	SequenceNumber string
	OrderID        string
	Sequence       int64
	Err            error // why it cannot be told which event it is about; then there is neither OrderID nor Sequence
}

// FromKinesis reads the events that a letter of a Kinesis stream is about and hands them to visit: whatever lies in the letter's range
// of the shard, which may be more than its batch was, and never a removal. gone says that the stream no longer has all of the range.
func FromKinesis(ctx context.Context, client *kinesis.Client, l *Letter, visit func(Record) error) (gone bool, err error) {
	start, err := client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
		StreamARN: aws.String(l.StreamARN), ShardId: aws.String(l.ShardID),
		ShardIteratorType: kinesistypes.ShardIteratorTypeAtSequenceNumber, StartingSequenceNumber: aws.String(l.Start),
	})
	if unavailable(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("find records of dead letter %s: %w", l.MessageID, err)
	}
	first := true
	for iterator := start.ShardIterator; iterator != nil; {
		out, err := client.GetRecords(ctx, &kinesis.GetRecordsInput{StreamARN: aws.String(l.StreamARN), ShardIterator: iterator, Limit: aws.Int32(l.page())})
		if unavailable(err) {
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("read records of dead letter %s: %w", l.MessageID, err)
		}
		for i := range out.Records {
			number := aws.ToString(out.Records[i].SequenceNumber)
			// An iterator at a record that is gone begins with the oldest there is.
			if first {
				first, gone = false, Compare(number, l.Start) > 0
			}
			if Compare(number, l.End) > 0 {
				return gone, nil
			}
			if err := hand(number, string(out.Records[i].Data), visit); err != nil {
				return false, err
			}
			if Compare(number, l.End) == 0 {
				return gone, nil
			}
		}
		if len(out.Records) == 0 && aws.ToInt64(out.MillisBehindLatest) == 0 {
			break
		}
		iterator = out.NextShardIterator
	}
	// The range's last record was written once; a shard that ends before it has lost it.
	return true, nil
}

// unavailable says whether an error means that the records cannot be had any more.
func unavailable(err error) bool {
	_, missing := errors.AsType[*kinesistypes.ResourceNotFoundException](err)
	return missing
}

// hand reads a record's data and hands it on unless it is a removal.
func hand(number, data string, visit func(Record) error) error {
	var c change.Record
	r := Record{SequenceNumber: number}
	err := c.Decode(data)
	orderID, _ := c.Keys.Lookup("orderId", "S")
	text, _ := c.Keys.Lookup("sequence", "N")
	sequence, keyErr := strconv.ParseInt(text, 10, 64)
	switch {
	case c.EventName == change.Remove:
		return nil
	case orderID != "" && keyErr == nil && sequence > 0:
		// Which event it is about can be told even where the rest cannot be read: the event is read from the outbox anyway.
		r.OrderID, r.Sequence = orderID, sequence
	case err != nil:
		r.Err = err
	default:
		r.Err = errors.New("its keys are not an order's id and a sequence")
	}
	return visit(r)
}

// page is how many records are read at a time: all of the letter's in most cases, and not ten megabytes for a single one.
func (l *Letter) page() int32 {
	const least, most = 100, 10000
	return int32(min(max(2*l.BatchSize, least), most))
}
