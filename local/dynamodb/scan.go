package dynamodb

import (
	"encoding/binary"
	"math/bits"

	"transactional-outbox/local/awsapi"
)

type scanRequest struct {
	pagedRequest
	Segment, TotalSegments *int
}

const maxSegments = 1000000

func (r *scanRequest) check() error {
	var c constraints
	if r.Limit != nil && *r.Limit < 1 {
		c.violated(quoted(itoa(*r.Limit)), "limit", "Member must have value greater than or equal to 1")
	}
	if r.Segment != nil && (*r.Segment < 0 || *r.Segment >= maxSegments) {
		c.violated(quoted(itoa(*r.Segment)), "segment", "Member must have value between 0 and 999999")
	}
	if r.TotalSegments != nil && (*r.TotalSegments < 1 || *r.TotalSegments > maxSegments) {
		c.violated(quoted(itoa(*r.TotalSegments)), "totalSegments", "Member must have value between 1 and 1000000")
	}
	if err := r.pagedRequest.check(&c); err != nil {
		return err
	}
	switch {
	case r.Segment != nil && r.TotalSegments == nil:
		return validation("The TotalSegments parameter is required but was not present in the request when Segment parameter is present")
	case r.TotalSegments != nil && r.Segment == nil:
		return validation("The Segment parameter is required but was not present in the request when parameter TotalSegments is present")
	case r.Segment != nil && *r.Segment >= *r.TotalSegments:
		return validation("The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: %d is not less than TotalSegments: %d", *r.Segment, *r.TotalSegments)
	}
	return nil
}

// span returns the places of the segment: an equal share of all hashes.
func (r *scanRequest) span() span {
	if r.Segment == nil {
		return span{}
	}
	boundary := func(n int) string {
		if n == 0 || n == *r.TotalSegments {
			return "" // the beginning and the end of all
		}
		at, _ := bits.Div64(uint64(n), 0, uint64(*r.TotalSegments))
		return string(binary.BigEndian.AppendUint64(nil, at))
	}
	return span{low: boundary(*r.Segment), high: boundary(*r.Segment + 1)}
}

func (e *Engine) scan(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r scanRequest
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	t, err := e.open(auth, "Scan", r.TableName)
	if err != nil {
		return nil, err
	}
	args, err := r.bound(parameter{"ProjectionExpression", r.ProjectionExpression}, parameter{"FilterExpression", r.FilterExpression})
	if err != nil {
		return nil, faultOf(err)
	}
	p, err := r.page(e, args)
	if err != nil {
		return nil, err
	}
	if t == nil {
		return nil, tableNotFound()
	}
	if err := t.checkScanPaths(p); err != nil {
		return nil, err
	}
	within := r.span()
	start, err := r.start(t)
	if err != nil {
		return nil, err
	}
	if start != "" {
		if at := string(start); !within.aboveLow(at) || !within.belowHigh(at) {
			return nil, validation("The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with correct Segment. TotalSegments: %d Segment: %d", *r.TotalSegments, *r.Segment)
		}
		within.low, within.afterLow = string(start), true
	}
	first, last := 0, shards-1
	if within.low != "" {
		first = place(within.low).shard()
	}
	if within.high != "" {
		last = place(within.high).shard()
	}
	for n := first; n <= last && p.walk(&t.shards[n], within, true); n++ {
	}
	return p.answer(e, t, r.ReturnConsumedCapacity, r.ConsistentRead), nil
}

func (t *table) checkScanPaths(p *page) error {
	if err := t.checkSelection(p.selection); err != nil || p.filter == nil {
		return err
	}
	return t.schema.each(func(a keyAttribute) error {
		if _, nested := p.filter.Attribute(a.name); nested {
			return keyNotScalar(a.name)
		}
		return nil
	})
}
