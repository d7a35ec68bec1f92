package dynamodb

import (
	"maps"
	"slices"
	"strings"

	"transactional-outbox/local/awsapi"
)

// openARN finds the table that a ResourceArn names.
func (e *Engine) openARN(auth awsapi.Authorizer, action, arn string) (*table, error) {
	if !strings.Contains(arn, ":table/") {
		return nil, validation("Invalid TableArn: Invalid ResourceArn provided as input %s", arn)
	}
	t, err := e.open(auth, action, arn)
	if err == nil && (t == nil || t.arn != arn) {
		return nil, awsapi.Errorf(codeNotFound, textNotFound+": ResourcArn: %s not found", arn)
	}
	return t, err
}

func (e *Engine) listTags(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r struct{ ResourceArn, NextToken string }
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	t, err := e.openARN(auth, "ListTagsOfResource", r.ResourceArn)
	if err != nil {
		return nil, err
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	tags := []tag{}
	for _, key := range slices.Sorted(maps.Keys(t.settings.tags)) {
		tags = append(tags, tag{key, t.settings.tags[key]})
	}
	return encode(map[string]any{"Tags": tags})
}

func (e *Engine) tag(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r struct {
		ResourceArn string
		Tags        []tag
	}
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	t, err := e.openARN(auth, "TagResource", r.ResourceArn)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, tag := range r.Tags {
		t.settings.tags[tag.Key] = tag.Value
	}
	return []byte("{}"), nil
}

func (e *Engine) untag(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r struct {
		ResourceArn string
		TagKeys     []string
	}
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	t, err := e.openARN(auth, "UntagResource", r.ResourceArn)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, key := range r.TagKeys {
		delete(t.settings.tags, key)
	}
	return []byte("{}"), nil
}
