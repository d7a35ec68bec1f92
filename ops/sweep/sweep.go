// Package sweep reads whole tables: in parallel segments, a page at a time, only the attributes asked for, and with so little work per
// item that the table and not the reader sets the speed. Memory is bounded by the number of segments and the size of a page.
//
// Items of one order come one after the other, because the order is the table's partition key. An interrupted sweep can go on where
// it stopped; see [Checkpoint].
package sweep

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"transactional-outbox/handlers/jsonscan"
)

// DefaultSegments are read at the same time when a Sweep does not say otherwise.
const DefaultSegments = 8

// A Sweep is a table to be read.
type Sweep struct {
	Client     *dynamodb.Client
	Table      string
	Attributes []string // to read; orderId, and sequence where the table has it, are always read
	Sorted     bool     // the table's sort key is sequence
	Filter     string   // a filter expression without values, or empty
	Segments   int      // 0 means DefaultSegments
	Checkpoint *Checkpoint

	rows atomic.Int64
}

// A Visitor sees the rows of one segment, in the table's order. It is used by one goroutine at a time.
type Visitor interface {
	// Row sees a row, valid until it returns.
	Row(ctx context.Context, row *Row) error
	// Flush is called between pages and, with last, after the segment's last row. Once it returns, everything that has to be
	// done about the orders before the current one is done; after the last row, about all of them.
	Flush(ctx context.Context, last bool) error
}

// Rows is how many items the table has looked at so far, those that a filter dropped included.
func (s *Sweep) Rows() int64 { return s.rows.Load() }

// Run reads the table; visitor makes the visitor of each segment. The first error ends it.
func (s *Sweep) Run(ctx context.Context, visitor func() Visitor) error {
	segments := s.Segments
	if segments == 0 {
		segments = DefaultSegments
	}
	if err := s.Checkpoint.begin(segments); err != nil {
		return err
	}
	group, inner := errgroup.WithContext(ctx)
	for segment := range segments {
		group.Go(func() error { return s.segment(inner, segment, segments, visitor()) })
	}
	err := group.Wait()
	return s.Checkpoint.end(err)
}

func (s *Sweep) segment(ctx context.Context, segment, segments int, visitor Visitor) error {
	start, done := s.Checkpoint.position(segment)
	if done {
		return nil
	}
	in := &dynamodb.ScanInput{
		TableName: aws.String(s.Table), ExclusiveStartKey: start.key(),
		Segment: aws.Int32(int32(segment)), TotalSegments: aws.Int32(int32(segments)),
	}
	s.project(in)
	resume := tracker{sorted: s.Sorted}
	for {
		page := &page{rows: &s.rows, visit: func(row *Row) error {
			if s.Checkpoint != nil {
				resume.see(row)
			}
			return visitor.Row(ctx, row)
		}}
		_, err := s.Client.Scan(ctx, in, Lean(page.keep))
		if err != nil {
			return fmt.Errorf("scan %s: %w", s.Table, err)
		}
		// The rows are visited here and not while the answer is read, so that an attempt that is repeated does not visit any twice.
		if err := page.read(); err != nil {
			return fmt.Errorf("scan %s: %w", s.Table, err)
		}
		last := len(page.next) == 0
		if err := visitor.Flush(ctx, last); err != nil {
			return err
		}
		if err := s.Checkpoint.reached(segment, resume.before, last); err != nil || last {
			return err
		}
		in.ExclusiveStartKey = page.next
	}
}

// project asks for the attributes. All are named by references: some are words that expressions reserve.
func (s *Sweep) project(in *dynamodb.ScanInput) {
	names := map[string]string{"#k": "orderId"}
	terms := []string{"#k"}
	attributes := s.Attributes
	if s.Sorted {
		attributes = append([]string{"sequence"}, attributes...)
	}
	for i, name := range attributes {
		reference := "#a" + strconv.Itoa(i)
		names[reference] = name
		terms = append(terms, reference)
	}
	in.ProjectionExpression = aws.String(strings.Join(terms, ", "))
	in.ExpressionAttributeNames = maps.Clone(names)
	if s.Filter != "" {
		in.FilterExpression = aws.String(s.Filter)
	}
}

// A page is one answer of Scan.
type page struct {
	text  string
	rows  *atomic.Int64
	visit func(*Row) error
	next  map[string]types.AttributeValue
}

func (p *page) keep(text string) (any, error) {
	p.text = text
	return &dynamodb.ScanOutput{}, nil
}

func (p *page) read() error {
	s := jsonscan.New(p.text)
	var row Row
	s.Object()
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		switch name {
		case "Items":
			s.Array()
			for s.Element() {
				row.read(&s)
				if s.Err() != nil {
					break
				}
				if err := p.visit(&row); err != nil {
					return err
				}
			}
		case "ScannedCount":
			p.rows.Add(s.Int64())
		case "LastEvaluatedKey":
			var key Row
			key.read(&s)
			p.next = key.key()
		default:
			s.Skip()
		}
	}
	s.End()
	return s.Err()
}
