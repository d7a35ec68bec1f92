package projection

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"transactional-outbox/handlers/alloctest"
	"transactional-outbox/handlers/change"
	"transactional-outbox/handlers/outbox"
)

// done says that every write has been done.
type done struct{ DynamoDB }

func (done) UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	return &dynamodb.UpdateItemOutput{}, nil
}

// batch is an event of Lambda with 100 records, as real ones are: of as many orders, or of one.
func batch(tb testing.TB, orders int) []byte {
	const records = 100
	type entry map[string]any
	s, n := func(v string) entry { return entry{"S": v} }, func(v int) entry { return entry{"N": fmt.Sprint(v)} }
	var event struct{ Records []entry }
	for i := range records {
		id, sequence := fmt.Sprintf("01KAV8Q3ZJ4M5T6W7X8Y9Z%04d", i%orders), i/orders+1
		key := entry{"orderId": s(id), "sequence": n(sequence)}
		image := entry{
			"orderId": s(id), "sequence": n(sequence), "eventId": s(fmt.Sprintf("01KAV8Q3ZJ4M5T6W7X8Y9Y%04d", i)), "source": s("/transactional-outbox/outbox/orders"), "type": s("order.placed"),
			"time": s("2026-11-24T12:00:00.123456Z"), "datacontenttype": s("application/json"), "dataschema": s("/schemas/order.placed/1"),
			"data":        s(`{"orderId":"` + id + `","status":"PLACED","version":1,"description":"two desks and a lamp","customerId":"c-1","items":[{"sku":"desk","quantity":2,"unitPrice":25000}]}`),
			"traceparent": s("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"), "causationId": s("JKJaXmPLvHcESHA="), "expiresAt": n(1_798_113_600),
		}
		data, err := json.Marshal(entry{
			"awsRegion": "eu-west-1", "eventID": "4b1e3f9e-6a1c-4f5a-9b0e-2f6d0c7a1b2c", "eventName": "INSERT", "userIdentity": nil, "recordFormat": "application/json", "tableName": "events",
			"dynamodb":    entry{"ApproximateCreationDateTime": 1_795_521_600_123_456, "ApproximateCreationDateTimePrecision": "MICROSECOND", "Keys": key, "NewImage": image, "SizeBytes": 691},
			"eventSource": "aws:dynamodb",
		})
		if err != nil {
			tb.Fatal(err)
		}
		number := fmt.Sprintf("49657828409187701520019995242508390119953358325192%06d", i)
		event.Records = append(event.Records, entry{
			"kinesis": entry{"kinesisSchemaVersion": "1.0", "partitionKey": "859F7C064A4818874FA67ABEC9BF2A01", "sequenceNumber": number, "data": base64.StdEncoding.EncodeToString(data), "approximateArrivalTimestamp": 1795521600.932},
			"eventID": "shardId-000000000003:" + number, "eventSource": "aws:kinesis", "eventSourceARN": "arn:aws:kinesis:eu-west-1:123456789012:stream/events-9e8d7c6",
		})
	}
	payload, err := json.Marshal(event)
	if err != nil {
		tb.Fatal(err)
	}
	return payload
}

// always is a rule that any event can follow.
func always() *Rule {
	return &Rule{Statuses: []string{"ON"}, Next: func(string, *outbox.Event) (string, error) { return "ON", nil }}
}

// decode is what is done with a batch before anything is done with its events.
func decode(c *Consumer, payload []byte) error {
	deliveries, err := change.DecodeBatch(payload)
	if err != nil {
		return err
	}
	var t tally
	if steps := c.read(context.Background(), deliveries, &t); len(steps) != 100 || steps[99].event == nil {
		return fmt.Errorf("%d steps, %d failed", len(steps), len(t.failed))
	}
	return nil
}

func TestAllocationsAreBounded(t *testing.T) {
	c, ctx := New(done{}, "events", "fulfilments", always(), nil), context.Background()
	different, same := batch(t, 100), batch(t, 1)
	invoke := func(payload []byte) error {
		answer, err := c.Invoke(ctx, payload)
		if err == nil && string(answer) != `{"batchItemFailures":[]}` {
			err = fmt.Errorf("answered %s", answer)
		}
		return err
	}
	alloctest.Hold(t,
		alloctest.Path{Name: "100 records to events", Most: 227, Run: func() error { return decode(c, different) }},
		alloctest.Path{Name: "100 events of 100 orders", Most: 2265, Run: func() error { return invoke(different) }},
		alloctest.Path{Name: "100 events of one order", Most: 258, Run: func() error { return invoke(same) }},
	)
}

func BenchmarkBatch(b *testing.B) {
	c := New(done{}, "events", "fulfilments", always(), nil)
	for name, orders := range map[string]int{"100 orders": 100, "one order": 1} {
		payload := batch(b, orders)
		b.Run("decode, "+name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(payload)))
			for b.Loop() {
				if err := decode(c, payload); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("apply, "+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Invoke(b.Context(), payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
