package sqs

import (
	"container/heap"
	"container/list"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"transactional-outbox/local/awsapi"
)

// message is one message in a queue. It is in expiring, and in exactly one of ready and waiting.
type message struct {
	id       string
	body     string
	bodyMD5  string
	attrs    map[string]MessageAttribute
	trace    string
	sender   string
	sent     int64 // ms
	first    int64 // ms, when it was received for the first time; 0: never
	receives int
	receipt  string // the latest
	source   string // ARN of the queue it was a dead letter of

	visible int64         // ms, while waiting
	delayed bool          // waiting because of a delay, not because it was received
	element *list.Element // in ready, nil while waiting
	places  [2]int        // in the heaps waiting and expiring
}

const (
	byVisible = iota
	bySent
)

// schedule is a heap of messages by one of their times.
type schedule struct {
	by   int
	list []*message
}

func (s *schedule) time(i int) int64 {
	if s.by == byVisible {
		return s.list[i].visible
	}
	return s.list[i].sent
}

// Len implements [heap.Interface].
func (s *schedule) Len() int { return len(s.list) }

// Less implements [heap.Interface].
func (s *schedule) Less(i, j int) bool { return s.time(i) < s.time(j) }

// Swap implements [heap.Interface].
func (s *schedule) Swap(i, j int) {
	s.list[i], s.list[j] = s.list[j], s.list[i]
	s.list[i].places[s.by], s.list[j].places[s.by] = i, j
}

// Push implements [heap.Interface].
func (s *schedule) Push(m any) {
	msg := m.(*message)
	msg.places[s.by] = len(s.list)
	s.list = append(s.list, msg)
}

// Pop implements [heap.Interface].
func (s *schedule) Pop() any {
	last := len(s.list) - 1
	m := s.list[last]
	s.list[last] = nil
	s.list = s.list[:last]
	return m
}

func (s *schedule) remove(m *message) { heap.Remove(s, m.places[s.by]) }

// maxMessageBytes is AWS's limit of a message, and of a batch of them.
const maxMessageBytes = 1 << 20

// checkBody refuses what XML cannot carry, as AWS does to this day.
func checkBody(body string) error {
	if body == "" {
		return missing("MessageBody")
	}
	for i, r := range body {
		if r == utf8.RuneError && !strings.HasPrefix(body[i:], "\uFFFD") ||
			r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r >= 0xD800 && r <= 0xDFFF || r == 0xFFFE || r == 0xFFFF {
			return awsapi.Errorf("InvalidMessageContents", "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | "+
				"#x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF.")
		}
	}
	return nil
}

// checkAttributes checks message attributes and returns their size.
func checkAttributes(attrs map[string]MessageAttribute) (int, error) {
	if len(attrs) > 10 {
		return 0, invalidParameter("Number of message attributes [%d] exceeds the allowed maximum [10].", len(attrs))
	}
	size := 0
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		a := attrs[name]
		kind, _, _ := strings.Cut(a.DataType, ".")
		switch {
		case name == "" || len(name) > 256:
			return 0, invalidParameter("The name of a message attribute has between 1 and 256 characters.")
		case a.DataType == "":
			return 0, invalidParameter("The message attribute '%s' must contain non-empty message attribute type.", name)
		case kind != "String" && kind != "Number" && kind != "Binary":
			return 0, invalidParameter("The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", name)
		case kind == "Binary" && len(a.BinaryValue) == 0, kind != "Binary" && (a.StringValue == nil || *a.StringValue == ""):
			return 0, invalidParameter("The message attribute '%s' must contain non-empty message attribute value for message attribute type '%s'.", name, a.DataType)
		case kind == "Binary" && a.StringValue != nil, kind != "Binary" && a.BinaryValue != nil:
			return 0, invalidParameter("The message attribute '%s' has a value that does not fit its type '%s'.", name, a.DataType)
		}
		size += len(name) + len(a.DataType) + len(a.BinaryValue)
		if a.StringValue != nil {
			size += len(*a.StringValue)
		}
	}
	return size, nil
}

func md5Hex(s string) string {
	sum := md5.Sum([]byte(s))
	return hex.EncodeToString(sum[:])
}

// attributesMD5 is the digest that clients verify: names in order, each with its type and value, every text behind its length.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
func attributesMD5(attrs map[string]MessageAttribute) string {
	if len(attrs) == 0 {
		return ""
	}
	h := md5.New()
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		a := attrs[name]
		writeSized(h, []byte(name))
		writeSized(h, []byte(a.DataType))
		if a.StringValue != nil {
			h.Write([]byte{1})
			writeSized(h, []byte(*a.StringValue))
			continue
		}
		h.Write([]byte{2})
		writeSized(h, a.BinaryValue)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func writeSized(h hash.Hash, b []byte) {
	h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b))))
	h.Write(b)
}
