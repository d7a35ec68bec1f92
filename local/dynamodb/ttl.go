package dynamodb

import (
	"strconv"
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb/attribute"
)

// tooOld is the age beyond which a time to live is taken for a mistake and the item is kept, as DynamoDB does.
const tooOld = 5 * 365 * 24 * time.Hour

type timeToLiveRequest struct {
	TableName               string
	TimeToLiveSpecification *struct {
		AttributeName *string
		Enabled       *bool
	}
}

func (e *Engine) updateTimeToLive(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r timeToLiveRequest
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	spec := r.TimeToLiveSpecification
	var c constraints
	c.required(spec != nil, "timeToLiveSpecification")
	if spec != nil {
		c.required(spec.AttributeName != nil, "timeToLiveSpecification.attributeName")
		c.required(spec.Enabled != nil, "timeToLiveSpecification.enabled")
		c.text(spec.AttributeName, "timeToLiveSpecification.attributeName", 1, 255)
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	t, err := e.openNamed(auth, "UpdateTimeToLive", r.TableName)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	current := &t.settings.ttlAttribute
	switch {
	case *spec.Enabled && *current == *spec.AttributeName:
		return nil, validation("TimeToLive is already enabled")
	case *spec.Enabled && *current != "":
		return nil, validation("TimeToLive is active on a different AttributeName: current AttributeName is %s", *current)
	case !*spec.Enabled && *current == "":
		return nil, validation("TimeToLive is already disabled")
	case !*spec.Enabled && *current != *spec.AttributeName:
		return nil, validation("TimeToLive is active on a different AttributeName: current AttributeName is %s", *current)
	case *spec.Enabled:
		*current = *spec.AttributeName
	default:
		*current = ""
	}
	return encode(map[string]any{"TimeToLiveSpecification": map[string]any{"AttributeName": *spec.AttributeName, "Enabled": *spec.Enabled}})
}

func (e *Engine) describeTimeToLive(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r tableRequest
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	t, err := e.openNamed(auth, "DescribeTimeToLive", r.TableName)
	if err != nil {
		return nil, err
	}
	out := map[string]any{"TimeToLiveStatus": "DISABLED"}
	if name := t.ttl(); name != "" {
		out = map[string]any{"TimeToLiveStatus": "ENABLED", "AttributeName": name}
	}
	return encode(map[string]any{"TimeToLiveDescription": out})
}

// ttl returns the attribute that holds the time to live, "" if it is not enabled.
func (t *table) ttl() string {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.settings.ttlAttribute
}

// ExpireDue deletes the items whose time to live has passed at now, as the DynamoDB service does, and returns how many. It also lets
// go of stream records that are older than a day.
func (e *Engine) ExpireDue(now time.Time) int {
	e.mu.RLock()
	var tables []*table
	for _, t := range e.tables {
		tables = append(tables, t)
	}
	e.mu.RUnlock()
	n := 0
	for _, t := range tables {
		if name := t.ttl(); name != "" {
			for i := range t.shards {
				n += t.expire(e, &t.shards[i], name, now)
			}
		}
		t.log.mu.Lock()
		t.log.trim(now)
		t.log.mu.Unlock()
	}
	return n
}

// expire deletes the items of a shard that are due.
func (t *table) expire(e *Engine, s *shard, name string, now time.Time) int {
	var due []string
	s.RLock()
	s.items.Scan(func(at string, i *item) bool {
		if i.due(name, now) {
			due = append(due, at)
		}
		return true
	})
	s.RUnlock()
	n := 0
	for _, at := range due {
		s.Lock()
		// It may have been given another time since.
		if i, ok := s.items.Get(at); ok && i.due(name, now) && !t.gone.Load() {
			t.replace(e, s, place(at), record{old: i, time: now, byTTL: true})
			n++
		}
		s.Unlock()
	}
	return n
}

// due reports whether an item's time to live, a number of seconds since the epoch, has passed.
func (i *item) due(name string, now time.Time) bool {
	v := i.attributes.Get(name)
	if v.Kind() != attribute.N {
		return false
	}
	at, err := strconv.ParseFloat(v.Text(), 64)
	if err != nil {
		return false
	}
	n := float64(now.Unix())
	return at <= n && at > n-tooOld.Seconds()
}
