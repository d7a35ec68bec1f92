package letter

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"transactional-outbox/handlers/audit"
)

// FromDynamoDB reads the expired events that a letter of the events table's stream is about, the auditor's, and hands them to visit.
// gone says that the stream, which keeps a record for a day, no longer has all of them.
func FromDynamoDB(ctx context.Context, client *dynamodbstreams.Client, l *Letter, visit func(*audit.Removal) error) (gone bool, err error) {
	start, err := client.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{
		StreamArn: aws.String(l.StreamARN), ShardId: aws.String(l.ShardID),
		ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber, SequenceNumber: aws.String(l.Start),
	})
	if trimmed(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("find records of dead letter %s: %w", l.MessageID, err)
	}
	for iterator := start.ShardIterator; iterator != nil; {
		out, err := client.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: iterator})
		if trimmed(err) {
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("read records of dead letter %s: %w", l.MessageID, err)
		}
		for i := range out.Records {
			number := aws.ToString(out.Records[i].Dynamodb.SequenceNumber)
			if Compare(number, l.End) > 0 {
				return false, nil
			}
			if r := removal(number, &out.Records[i]); r.Expired {
				if err := visit(r); err != nil {
					return false, err
				}
			}
			if Compare(number, l.End) == 0 {
				return false, nil
			}
		}
		if len(out.Records) == 0 {
			break
		}
		iterator = out.NextShardIterator
	}
	return true, nil
}

// trimmed says whether an error means that the records cannot be had any more.
func trimmed(err error) bool {
	if _, ok := errors.AsType[*types.TrimmedDataAccessException](err); ok {
		return true
	}
	_, missing := errors.AsType[*types.ResourceNotFoundException](err)
	return missing
}

func removal(number string, record *types.Record) *audit.Removal {
	r := &audit.Removal{SequenceNumber: number}
	identity := record.UserIdentity
	r.Expired = record.EventName == types.OperationTypeRemove && identity != nil && aws.ToString(identity.PrincipalId) == "dynamodb.amazonaws.com"
	if r.Expired {
		r.Err = r.Take(image(record.Dynamodb.OldImage))
	}
	return r
}

// image turns an item as DynamoDB Streams has it into one that DynamoDB takes: the SDK has the same types twice.
func image(item map[string]types.AttributeValue) map[string]dynamodbtypes.AttributeValue {
	out := make(map[string]dynamodbtypes.AttributeValue, len(item))
	for name, value := range item {
		out[name] = attribute(value)
	}
	return out
}

func attribute(value types.AttributeValue) dynamodbtypes.AttributeValue {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return &dynamodbtypes.AttributeValueMemberS{Value: v.Value}
	case *types.AttributeValueMemberN:
		return &dynamodbtypes.AttributeValueMemberN{Value: v.Value}
	case *types.AttributeValueMemberB:
		return &dynamodbtypes.AttributeValueMemberB{Value: v.Value}
	case *types.AttributeValueMemberBOOL:
		return &dynamodbtypes.AttributeValueMemberBOOL{Value: v.Value}
	case *types.AttributeValueMemberSS:
		return &dynamodbtypes.AttributeValueMemberSS{Value: v.Value}
	case *types.AttributeValueMemberNS:
		return &dynamodbtypes.AttributeValueMemberNS{Value: v.Value}
	case *types.AttributeValueMemberBS:
		return &dynamodbtypes.AttributeValueMemberBS{Value: v.Value}
	case *types.AttributeValueMemberM:
		return &dynamodbtypes.AttributeValueMemberM{Value: image(v.Value)}
	case *types.AttributeValueMemberL:
		list := make([]dynamodbtypes.AttributeValue, len(v.Value))
		for i := range v.Value {
			list[i] = attribute(v.Value[i])
		}
		return &dynamodbtypes.AttributeValueMemberL{Value: list}
	}
	// NULL is all that is left.
	return &dynamodbtypes.AttributeValueMemberNULL{Value: true}
}
