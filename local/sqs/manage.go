package sqs

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"transactional-outbox/local/awsapi"
)

func (e *Engine) createQueue(_ context.Context, auth awsapi.Authorizer, in *createQueueInput) (*queueUrlOutput, error) {
	e.ops.Count("CreateQueue")
	if err := checkQueueName(in.QueueName); err != nil {
		return nil, err
	}
	if err := auth.Check("sqs:CreateQueue", e.arn(in.QueueName)); err != nil {
		return nil, err
	}
	if len(in.Tags) > 0 {
		if err := auth.Check("sqs:TagQueue", e.arn(in.QueueName)); err != nil {
			return nil, err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.now()
	if q := e.queues[in.QueueName]; q != nil {
		for _, name := range slices.Sorted(maps.Keys(in.Attributes)) {
			if value, known := q.attribute(name); !known || value != in.Attributes[name] {
				return nil, awsapi.Errorf("QueueNameExists", "A queue already exists with the same name and a different value for attribute %s", name)
			}
		}
		return &queueUrlOutput{e.url(q.name)}, nil
	}
	e.created++
	q := newQueue(in.QueueName, e.arn(in.QueueName), e.created, now)
	if err := e.apply(q, in.Attributes); err != nil {
		return nil, err
	}
	maps.Copy(q.tags, in.Tags)
	e.queues[q.name] = q
	return &queueUrlOutput{e.url(q.name)}, nil
}

func checkQueueName(name string) error {
	if strings.HasSuffix(name, ".fifo") {
		return noFIFO("the name " + name)
	}
	if name == "" || len(name) > 80 || strings.ContainsFunc(name, func(r rune) bool { return !isIDRune(r) }) {
		return invalidParameter("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length")
	}
	return nil
}

func isIDRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-'
}

func (e *Engine) getQueueUrl(_ context.Context, auth awsapi.Authorizer, in *getQueueUrlInput) (*queueUrlOutput, error) {
	if in.QueueName == "" {
		e.ops.Count("GetQueueUrl")
		return nil, missing("QueueName")
	}
	if in.QueueOwnerAWSAccountId != "" && in.QueueOwnerAWSAccountId != e.opts.Account {
		e.ops.Count("GetQueueUrl")
		return nil, noQueue()
	}
	q, err := e.begin(auth, "GetQueueUrl", e.arn(in.QueueName))
	if err != nil {
		return nil, err
	}
	defer e.mu.Unlock()
	return &queueUrlOutput{e.url(q.name)}, nil
}

func (e *Engine) getQueueAttributes(_ context.Context, auth awsapi.Authorizer, in *getQueueAttributesInput) (*attributesOutput, error) {
	q, err := e.begin(auth, "GetQueueAttributes", in.QueueUrl)
	if err != nil {
		return nil, err
	}
	defer e.mu.Unlock()
	names := in.AttributeNames
	if slices.Contains(names, "All") {
		names = everyAttribute
	}
	out := &attributesOutput{Attributes: map[string]string{}}
	for _, name := range names {
		value, known := q.attribute(name)
		if !known {
			return nil, unknownAttribute(name)
		}
		if value != "" {
			out.Attributes[name] = value
		}
	}
	return out, nil
}

func (e *Engine) setQueueAttributes(_ context.Context, auth awsapi.Authorizer, in *setQueueAttributesInput) (*struct{}, error) {
	q, err := e.begin(auth, "SetQueueAttributes", in.QueueUrl)
	if err != nil {
		return nil, err
	}
	defer e.mu.Unlock()
	if len(in.Attributes) == 0 {
		return nil, missing("Attribute.Name")
	}
	if err := e.apply(q, in.Attributes); err != nil {
		return nil, err
	}
	q.modified = e.now()
	// A shorter retention applies to what is there already.
	q.advance(q.modified)
	return nil, nil
}

func (e *Engine) listQueues(_ context.Context, auth awsapi.Authorizer, in *listQueuesInput) (*listQueuesOutput, error) {
	e.ops.Count("ListQueues")
	if in.MaxResults != nil && (*in.MaxResults < 1 || *in.MaxResults > 1000) {
		return nil, invalidParameter("Value for parameter MaxResults is invalid. Reason: MaxResults must be an integer between 1 and 1000.")
	}
	if err := auth.Check("sqs:ListQueues", "*"); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	out := &listQueuesOutput{}
	limit := 1000
	if in.MaxResults != nil {
		limit = *in.MaxResults
	}
	last := ""
	for _, name := range slices.Sorted(maps.Keys(e.queues)) {
		if name <= in.NextToken || !strings.HasPrefix(name, in.QueueNamePrefix) {
			continue
		}
		if len(out.QueueUrls) == limit {
			// Only callers who ask for pages get a token.
			if in.MaxResults != nil {
				out.NextToken = last
			}
			break
		}
		out.QueueUrls, last = append(out.QueueUrls, e.url(name)), name
	}
	return out, nil
}

func (e *Engine) deleteQueue(_ context.Context, auth awsapi.Authorizer, in *queueInput) (*struct{}, error) {
	q, err := e.begin(auth, "DeleteQueue", in.QueueUrl)
	if err != nil {
		return nil, err
	}
	defer e.mu.Unlock()
	delete(e.queues, q.name)
	q.deleted = true
	q.wake()
	return nil, nil
}

// purgeInterval is how long a queue refuses a second purge.
const purgeInterval = time.Minute

func (e *Engine) purgeQueue(_ context.Context, auth awsapi.Authorizer, in *queueInput) (*struct{}, error) {
	q, err := e.begin(auth, "PurgeQueue", in.QueueUrl)
	if err != nil {
		return nil, err
	}
	defer e.mu.Unlock()
	now := e.now()
	if q.purged != 0 && now-q.purged < purgeInterval.Milliseconds() {
		return nil, &awsapi.Error{Code: "PurgeQueueInProgress", Status: 403,
			Message: "Only one PurgeQueue operation on " + q.name + " is allowed every 60 seconds."}
	}
	q.purged = now
	q.clear()
	return nil, nil
}

func (e *Engine) tagQueue(_ context.Context, auth awsapi.Authorizer, in *tagQueueInput) (*struct{}, error) {
	q, err := e.begin(auth, "TagQueue", in.QueueUrl)
	if err != nil {
		return nil, err
	}
	defer e.mu.Unlock()
	if len(in.Tags) == 0 {
		return nil, missing("Tags")
	}
	merged := maps.Clone(q.tags)
	maps.Copy(merged, in.Tags)
	if len(merged) > 50 {
		return nil, invalidParameter("Too many tags added for queue %s.", q.name)
	}
	q.tags = merged
	return nil, nil
}

func (e *Engine) untagQueue(_ context.Context, auth awsapi.Authorizer, in *untagQueueInput) (*struct{}, error) {
	q, err := e.begin(auth, "UntagQueue", in.QueueUrl)
	if err != nil {
		return nil, err
	}
	defer e.mu.Unlock()
	if len(in.TagKeys) == 0 {
		return nil, missing("TagKeys")
	}
	for _, key := range in.TagKeys {
		delete(q.tags, key)
	}
	return nil, nil
}

func (e *Engine) listQueueTags(_ context.Context, auth awsapi.Authorizer, in *queueInput) (*tagsOutput, error) {
	q, err := e.begin(auth, "ListQueueTags", in.QueueUrl)
	if err != nil {
		return nil, err
	}
	defer e.mu.Unlock()
	return &tagsOutput{maps.Clone(q.tags)}, nil
}
