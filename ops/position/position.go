// Package position reads and moves how far the consumer is with orders: its item of each order holds the sequence of the last event
// that had its effect, and why it is parked if it is.
package position

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"transactional-outbox/handlers/dynamo"
	"transactional-outbox/handlers/jsonscan"
	"transactional-outbox/handlers/projection"
	"transactional-outbox/ops/sweep"
)

// MaxBatch is how many positions are read in one call.
const MaxBatch = 100

// A Position is how far the consumer is with one order. The zero value is that of an order it has not heard of.
type Position struct {
	Last   int64
	Parked *projection.Parked // nil if the order is not parked
}

// Positions are the consumer's.
type Positions struct {
	Client *dynamodb.Client
	Table  string
	Now    func() time.Time // nil means time.Now
}

func (p *Positions) now() time.Time {
	if p.Now == nil {
		return time.Now()
	}
	return p.Now()
}

// Read reads the positions of orders, at most MaxBatch and none twice, with strong consistency, into a map that it empties first.
func (p *Positions) Read(ctx context.Context, orderIDs []string, into map[string]Position) error {
	clear(into)
	for attempt := 0; len(orderIDs) > 0; attempt++ {
		if attempt > 0 {
			if err := dynamo.Wait(ctx, attempt, rand.Int64N); err != nil {
				return err
			}
		}
		keys := make([]map[string]types.AttributeValue, len(orderIDs))
		for i, id := range orderIDs {
			keys[i] = map[string]types.AttributeValue{"orderId": &types.AttributeValueMemberS{Value: id}}
		}
		var a answer
		_, err := p.Client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{
			p.Table: {Keys: keys, ConsistentRead: aws.Bool(true), ProjectionExpression: aws.String("orderId, lastSequence, parked")},
		}}, sweep.Lean(a.keep))
		if err == nil {
			err = a.read(into)
		}
		if err != nil {
			return fmt.Errorf("read positions: %w", err)
		}
		// What did not fit into one answer is asked for again.
		orderIDs = a.left
	}
	return nil
}

// Of reads the position of one order.
func (p *Positions) Of(ctx context.Context, orderID string) (Position, error) {
	one := map[string]Position{}
	err := p.Read(ctx, []string{orderID}, one)
	return one[orderID], err
}

// An answer is that of BatchGetItem.
type answer struct {
	text string
	left []string // orders that are not part of it
}

func (a *answer) keep(text string) (any, error) {
	a.text = text
	return &dynamodb.BatchGetItemOutput{}, nil
}

func (a *answer) read(into map[string]Position) error {
	s := jsonscan.New(a.text)
	s.Object()
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		switch name {
		case "Responses":
			tables(&s, func() {
				sweep.Rows(&s, func(row *sweep.Row) { into[row.Text("orderId")] = From(row) })
			})
		case "UnprocessedKeys":
			tables(&s, func() {
				s.Object()
				for name, ok := s.Member(); ok; name, ok = s.Member() {
					if name != "Keys" {
						s.Skip()
						continue
					}
					sweep.Rows(&s, func(row *sweep.Row) { a.left = append(a.left, row.Text("orderId")) })
				}
			})
		default:
			s.Skip()
		}
	}
	s.End()
	return s.Err()
}

// tables reads the one object whose members are named after tables.
func tables(s *jsonscan.Scanner, read func()) {
	s.Object()
	for _, ok := s.Member(); ok; _, ok = s.Member() {
		read()
	}
}

// From takes the position out of a row of the consumer's table.
func From(row *sweep.Row) Position {
	p := Position{Last: row.Number("lastSequence")}
	if mark, ok := row.Map("parked"); ok {
		at, _ := time.Parse(time.RFC3339Nano, mark.Text("at")) // the zero time if there is none
		p.Parked = &projection.Parked{
			Reason: projection.Reason(mark.Text("reason")), Detail: mark.Text("detail"),
			Sequence: mark.Number("sequence"), EventID: mark.Text("eventId"), At: at,
		}
	}
	return p
}
