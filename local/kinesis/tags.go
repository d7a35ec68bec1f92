package kinesis

import (
	"context"
	"maps"
	"slices"
	"strings"
	"unicode"

	"transactional-outbox/local/awsapi"
)

const maxTags = 50

type tag struct {
	Key   string
	Value string
}

type addTagsInput struct {
	StreamName string
	StreamARN  string
	Tags       map[string]string
}

func (e *Engine) addTagsToStream(_ context.Context, auth awsapi.Authorizer, in *addTagsInput) (*nothing, error) {
	return nil, e.addTags(auth, "AddTagsToStream", target{in.StreamName, in.StreamARN}, in.Tags)
}

type tagResourceInput struct {
	ResourceARN string
	Tags        map[string]string
}

func (e *Engine) tagResource(_ context.Context, auth awsapi.Authorizer, in *tagResourceInput) (*nothing, error) {
	return nil, e.addTags(auth, "TagResource", target{arn: in.ResourceARN}, in.Tags)
}

func (e *Engine) addTags(auth awsapi.Authorizer, operation string, t target, tags map[string]string) error {
	check := func(c *constraints) {
		if len(tags) == 0 {
			c.fail("tags", "null", "Member must not be null")
		}
	}
	return e.change(auth, operation, t, check, func(s *stream) error {
		if err := checkTags(tags); err != nil {
			return err
		}
		merged := maps.Clone(s.tags)
		maps.Copy(merged, tags)
		if len(merged) > maxTags {
			return invalidArgument("Failed to add tags to stream %s under account %s because a given stream cannot have more than %d tags associated with it.",
				s.name, e.opts.Account, maxTags)
		}
		s.tags = merged
		return nil
	})
}

type removeTagsInput struct {
	StreamName string
	StreamARN  string
	TagKeys    []string
}

func (e *Engine) removeTagsFromStream(_ context.Context, auth awsapi.Authorizer, in *removeTagsInput) (*nothing, error) {
	return nil, e.removeTags(auth, "RemoveTagsFromStream", target{in.StreamName, in.StreamARN}, in.TagKeys)
}

type untagResourceInput struct {
	ResourceARN string
	TagKeys     []string
}

func (e *Engine) untagResource(_ context.Context, auth awsapi.Authorizer, in *untagResourceInput) (*nothing, error) {
	return nil, e.removeTags(auth, "UntagResource", target{arn: in.ResourceARN}, in.TagKeys)
}

func (e *Engine) removeTags(auth awsapi.Authorizer, operation string, t target, keys []string) error {
	check := func(c *constraints) {
		if len(keys) == 0 {
			c.fail("tagKeys", "null", "Member must not be null")
		}
	}
	return e.change(auth, operation, t, check, func(s *stream) error {
		for _, key := range keys {
			delete(s.tags, key)
		}
		return nil
	})
}

type listTagsForStreamInput struct {
	StreamName           string
	StreamARN            string
	ExclusiveStartTagKey string
	Limit                *int
}

type listTagsForStreamOutput struct {
	Tags        []tag
	HasMoreTags bool
}

func (e *Engine) listTagsForStream(_ context.Context, auth awsapi.Authorizer, in *listTagsForStreamInput) (*listTagsForStreamOutput, error) {
	out := &listTagsForStreamOutput{}
	check := func(c *constraints) { c.between("limit", in.Limit, 1, maxTags) }
	err := e.change(auth, "ListTagsForStream", target{in.StreamName, in.StreamARN}, check, func(s *stream) error {
		tags := s.sortedTags(in.ExclusiveStartTagKey)
		limit := len(tags)
		if in.Limit != nil {
			limit = min(limit, *in.Limit)
		}
		out.Tags, out.HasMoreTags = tags[:limit], limit < len(tags)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

type listTagsForResourceInput struct{ ResourceARN string }

type listTagsForResourceOutput struct{ Tags []tag }

func (e *Engine) listTagsForResource(_ context.Context, auth awsapi.Authorizer, in *listTagsForResourceInput) (*listTagsForResourceOutput, error) {
	out := &listTagsForResourceOutput{}
	err := e.change(auth, "ListTagsForResource", target{arn: in.ResourceARN}, nil, func(s *stream) error {
		out.Tags = s.sortedTags("")
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *stream) sortedTags(after string) []tag {
	tags := []tag{}
	for _, key := range slices.Sorted(maps.Keys(s.tags)) {
		if key > after {
			tags = append(tags, tag{key, s.tags[key]})
		}
	}
	return tags
}

func checkTags(tags map[string]string) error {
	for key, value := range tags {
		if key == "" || len(key) > 128 || len(value) > 256 {
			return invalid("1 validation error detected: Value '{%s=%s}' at 'tags' failed to satisfy constraint: "+
				"Map keys must have a length of 1 to 128, values one of 0 to 256", key, value)
		}
		if strings.ContainsFunc(key+value, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsSpace(r) && !strings.ContainsRune("_.:/=+-%@", r)
		}) {
			return invalidArgument("Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - %% @.")
		}
	}
	return nil
}
