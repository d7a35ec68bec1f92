package sqs

import (
	"container/heap"
	"container/list"
	"encoding/base64"
	"strconv"
	"strings"

	"transactional-outbox/local/iam"
)

// queue is one queue; the engine's lock guards it.
type queue struct {
	name       string
	arn        string
	id         uint64 // tells queues apart that had the same name one after the other
	created    int64  // ms
	modified   int64
	purged     int64
	attributes map[string]string // those that were set
	tags       map[string]string

	// The attributes again, as they are used.
	visibility, retention, delay, maxBytes, wait int64
	policy                                       *iam.Policy
	redrive                                      *redrive

	messages map[string]*message
	ready    *list.List // in the order they became visible
	waiting  schedule   // delayed or in flight, by the time they become visible
	expiring schedule   // all, by the time they were sent
	delayed  int
	changed  chan struct{} // closed when a message became ready; nil while nobody waits
	deleted  bool
}

// redrive is a parsed RedrivePolicy.
type redrive struct {
	target string
	max    int
}

func newQueue(name, arn string, id uint64, now int64) *queue {
	return &queue{
		name: name, arn: arn, id: id, created: now, modified: now, attributes: map[string]string{}, tags: map[string]string{},
		messages: map[string]*message{}, ready: list.New(), waiting: schedule{by: byVisible}, expiring: schedule{by: bySent},
	}
}

// advance brings the queue to the present: what has waited long enough becomes ready, what is too old is dropped.
func (q *queue) advance(now int64) {
	for len(q.expiring.list) > 0 && q.expiring.list[0].sent+q.retention*1000 <= now {
		q.remove(q.expiring.list[0])
	}
	for len(q.waiting.list) > 0 && q.waiting.list[0].visible <= now {
		m := q.waiting.list[0]
		q.waiting.remove(m)
		q.makeReady(m)
	}
}

// add puts a message in, hidden until visible.
func (q *queue) add(m *message, visible, now int64) {
	q.messages[m.id] = m
	heap.Push(&q.expiring, m)
	if visible > now {
		m.delayed = true
		q.hide(m, visible)
		// It may be the next to become visible: sleeping readers set their alarm again.
		q.wake()
		return
	}
	q.makeReady(m)
}

func (q *queue) makeReady(m *message) {
	if m.delayed {
		m.delayed = false
		q.delayed--
	}
	m.element = q.ready.PushBack(m)
	q.wake()
}

// hide makes a message wait.
func (q *queue) hide(m *message, visible int64) {
	if m.element != nil {
		q.ready.Remove(m.element)
		m.element = nil
	}
	if m.delayed {
		q.delayed++
	}
	m.visible = visible
	heap.Push(&q.waiting, m)
}

// remove takes a message out for good.
func (q *queue) remove(m *message) {
	delete(q.messages, m.id)
	q.expiring.remove(m)
	if m.element != nil {
		q.ready.Remove(m.element)
		m.element = nil
		return
	}
	q.waiting.remove(m)
	if m.delayed {
		m.delayed = false
		q.delayed--
	}
}

func (q *queue) clear() {
	for len(q.expiring.list) > 0 {
		q.remove(q.expiring.list[0])
	}
}

func (q *queue) wake() {
	if q.changed != nil {
		close(q.changed)
		q.changed = nil
	}
}

// inFlight counts the messages that were received and neither deleted nor given back.
func (q *queue) inFlight() int { return len(q.waiting.list) - q.delayed }

// receiptFor returns the handle of a message's latest receipt.
func (q *queue) receiptFor(m *message) string {
	raw := strconv.FormatUint(q.id, 36) + " " + m.id + " " + strconv.Itoa(m.receives)
	return base64.StdEncoding.EncodeToString([]byte(raw))
}

// byReceipt finds the message that a handle was given out for. It is nil if the message is gone, or was received again since: the
// handle is then outdated. ok is false for what is no handle of this queue.
func (q *queue) byReceipt(handle string) (m *message, ok bool) {
	raw, err := base64.StdEncoding.DecodeString(handle)
	parts := strings.Split(string(raw), " ")
	if err != nil || len(parts) != 3 || parts[0] != strconv.FormatUint(q.id, 36) {
		return nil, false
	}
	m = q.messages[parts[1]]
	if m == nil || m.receipt != handle {
		return nil, true
	}
	return m, true
}
