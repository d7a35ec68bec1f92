package sweep

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/go-json-experiment/json"
)

// saveEvery is how often a checkpoint is written: what was done since is done again after an interruption.
const saveEvery = time.Second

// A Checkpoint is a file that says how far a sweep has come: each segment's last row before the order it was at. It is written while
// the sweep goes on and once more when it stops early; when the sweep has come to its end it is removed. A nil Checkpoint keeps
// nothing.
type Checkpoint struct {
	path string

	mu    sync.Mutex
	state checkpointState
	saved time.Time
}

type checkpointState struct {
	// Of is what the sweep is for, so that a file is not taken for that of another.
	Of       string        `json:"of"`
	Segments []segmentMark `json:"segments"`
}

type segmentMark struct {
	Done   bool  `json:"done,omitzero"`
	Before *mark `json:"before,omitzero"`
}

// A mark is the key of a row.
type mark struct {
	OrderID  string `json:"orderId"`
	Sequence int64  `json:"sequence,omitzero"` // 0 where the table has no sort key
}

func (m *mark) key() map[string]types.AttributeValue {
	if m == nil {
		return nil
	}
	key := map[string]types.AttributeValue{"orderId": &types.AttributeValueMemberS{Value: m.OrderID}}
	if m.Sequence > 0 {
		key["sequence"] = &types.AttributeValueMemberN{Value: strconv.FormatInt(m.Sequence, 10)}
	}
	return key
}

// OpenCheckpoint opens the file at path, which need not exist, for a sweep that is described by of. It fails if the file was left by a
// sweep that is described otherwise. resumed says whether there is something to go on from.
func OpenCheckpoint(path, of string) (c *Checkpoint, resumed bool, err error) {
	c = &Checkpoint{path: path, state: checkpointState{Of: of}}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("checkpoint: %w", err)
	}
	var state checkpointState
	if err := json.Unmarshal(text, &state); err != nil {
		return nil, false, fmt.Errorf("checkpoint %s: %w", path, err)
	}
	if state.Of != of {
		return nil, false, fmt.Errorf("checkpoint %s belongs to other work (%s): finish that, or remove the file", path, state.Of)
	}
	c.state = state
	return c, len(state.Segments) > 0, nil
}

func (c *Checkpoint) begin(segments int) error {
	if c == nil {
		return nil
	}
	if c.state.Segments == nil {
		c.state.Segments = make([]segmentMark, segments)
	}
	if n := len(c.state.Segments); n != segments {
		return fmt.Errorf("checkpoint %s was made with %d segments, not %d", c.path, n, segments)
	}
	return nil
}

// position is where a segment goes on.
func (c *Checkpoint) position(segment int) (before *mark, done bool) {
	if c == nil {
		return nil, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.Segments[segment].Before, c.state.Segments[segment].Done
}

// reached says that everything up to a row is done.
func (c *Checkpoint) reached(segment int, before mark, done bool) error {
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if before.OrderID != "" {
		c.state.Segments[segment].Before = &before
	}
	c.state.Segments[segment].Done = done
	if time.Since(c.saved) < saveEvery {
		return nil
	}
	return c.save()
}

// end finishes the file with the sweep, whose error it returns.
func (c *Checkpoint) end(sweepErr error) error {
	if c == nil {
		return sweepErr
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if sweepErr != nil {
		return errors.Join(sweepErr, c.save())
	}
	if err := os.Remove(c.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// save writes the file in one step, so that an interruption leaves the old one or the new one.
func (c *Checkpoint) save() error {
	text, err := json.Marshal(c.state)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	partial := c.path + ".partial"
	if err := os.WriteFile(partial, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if err := os.Rename(partial, c.path); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	c.saved = time.Now()
	return nil
}

// A tracker knows the last row before the order that is being read: where a sweep can begin again without missing part of an order.
type tracker struct {
	sorted         bool
	before, newest mark
}

func (t *tracker) see(row *Row) {
	m := mark{OrderID: row.Text("orderId")}
	if t.sorted {
		m.Sequence = row.Number("sequence")
	}
	if t.newest.OrderID != m.OrderID {
		t.before = t.newest
	}
	t.newest = m
}
