package dynamodb

import (
	"cmp"
	"slices"

	"transactional-outbox/local/awsapi"
)

type streamSummary struct{ StreamArn, StreamLabel, TableName string }

func (e *Engine) listStreams(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r struct {
		TableName, ExclusiveStartStreamArn string
		Limit                              *int
	}
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	limit, err := listLimit(r.Limit, maxListed)
	if err != nil {
		return nil, err
	}
	if err := auth.Check("dynamodb:ListStreams", e.arn("table/*/stream/*")); err != nil {
		return nil, err
	}
	all := e.streamSummaries(tableNameOf(r.TableName))
	if r.ExclusiveStartStreamArn != "" {
		at := slices.IndexFunc(all, func(s streamSummary) bool { return s.StreamArn == r.ExclusiveStartStreamArn })
		all = all[at+1:]
	}
	out := map[string]any{"Streams": all[:min(limit, len(all))]}
	if len(all) > limit {
		out["LastEvaluatedStreamArn"] = all[limit-1].StreamArn
	}
	return encode(out)
}

// streamSummaries lists the streams of a table, or of all tables if it is empty, by ARN.
func (e *Engine) streamSummaries(table string) []streamSummary {
	out := []streamSummary{}
	e.mu.RLock()
	defer e.mu.RUnlock()
	for name, t := range e.tables {
		if table != "" && table != name {
			continue
		}
		t.log.mu.Lock()
		for _, s := range t.log.streams {
			out = append(out, streamSummary{s.arn, s.label, name})
		}
		t.log.mu.Unlock()
	}
	slices.SortFunc(out, func(a, b streamSummary) int { return cmp.Compare(a.StreamArn, b.StreamArn) })
	return out
}

func (e *Engine) describeStream(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r struct {
		StreamArn             string
		ExclusiveStartShardId *string
		Limit                 *int
	}
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	var c constraints
	c.required(r.StreamArn != "", "streamArn")
	if err := c.err(); err != nil {
		return nil, err
	}
	if _, err := listLimit(r.Limit, maxListed); err != nil {
		return nil, err
	}
	t, s, err := e.openStream(auth, "DescribeStream", r.StreamArn)
	if err != nil {
		return nil, err
	}
	t.log.mu.Lock()
	defer t.log.mu.Unlock()
	numbers := map[string]any{"StartingSequenceNumber": sequenceNumber(s.first)}
	status := "ENABLED"
	if !s.enabled() {
		status = "DISABLED"
		numbers["EndingSequenceNumber"] = sequenceNumber(max(s.end, s.first+1) - 1)
	}
	shards := []any{}
	if r.ExclusiveStartShardId == nil || *r.ExclusiveStartShardId < s.shardID() {
		shards = append(shards, map[string]any{"ShardId": s.shardID(), "SequenceNumberRange": numbers})
	}
	return encode(map[string]any{"StreamDescription": map[string]any{
		"StreamArn":               s.arn,
		"StreamLabel":             s.label,
		"StreamStatus":            status,
		"StreamViewType":          s.view,
		"CreationRequestDateTime": seconds(s.created),
		"TableName":               t.name,
		"KeySchema":               t.schema.elements(),
		"Shards":                  shards,
	}})
}
