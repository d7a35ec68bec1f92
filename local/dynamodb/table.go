package dynamodb

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tidwall/btree"

	"transactional-outbox/local/dynamodb/attribute"
)

// Every table is cut into shards by the hash of the partition key, so that writers of different items rarely wait for each other, and
// so that an item among a million is found in a tree of a thousand: in a deeper one, a look-up is mostly waiting for memory.
const (
	shardBits = 10
	shards    = 1 << shardBits
)

// item is one version of an item. It never changes: a write replaces it.
type item struct {
	attributes attribute.Map
	size       int
}

func newItem(attributes attribute.Map) *item {
	return &item{attributes: attributes, size: attributes.Size()}
}

// content returns the attributes, none of no item.
func (i *item) content() attribute.Map {
	if i == nil {
		return nil
	}
	return i.attributes
}

func (i *item) bytes() int {
	if i == nil {
		return 0
	}
	return i.size
}

// shard is a part of a table with a lock of its own. Who takes several locks takes them by order.
type shard struct {
	sync.RWMutex
	order uint64 // unique in the engine
	items btree.Map[string, *item]
}

// table is one table.
type table struct {
	name, arn, id string
	schema        schema
	created       time.Time
	shards        [shards]shard
	log           changeLog
	gone          atomic.Bool // set while all shards are locked

	count, bytes atomic.Int64

	mu       sync.RWMutex // guards what follows
	settings settings
}

// settings are what can be changed about a table without touching its items.
type settings struct {
	billing             string
	read, write         int64 // provisioned
	billingChanged      time.Time
	deletionProtected   bool
	encrypted           bool
	encryptionKey       string
	tags                map[string]string
	class               string
	ttlAttribute        string
	recoveryPoints      bool // point-in-time recovery
	recoveryPointsSince time.Time
	recoveryDays        int64
}

func (e *Engine) newTable(name string, key schema) *table {
	e.made++
	t := &table{
		name:    name,
		arn:     e.arn("table/" + name),
		id:      e.options.NewID(),
		schema:  key,
		created: e.options.Clock(),
	}
	for i := range t.shards {
		t.shards[i].order = e.made*shards + uint64(i)
	}
	t.log.table, t.log.retention = t, e.options.StreamRetention
	return t
}

// arn returns the ARN of a resource of this account.
func (e *Engine) arn(resource string) string {
	return "arn:aws:dynamodb:" + e.options.Region + ":" + e.options.Account + ":" + resource
}

// tableNameOf returns the name in a TableName parameter, which may be an ARN.
func tableNameOf(parameter string) string {
	if strings.HasPrefix(parameter, "arn:") {
		if _, name, ok := strings.Cut(parameter, ":table/"); ok {
			return name
		}
	}
	return parameter
}

// table returns a table by name, nil if there is none.
func (e *Engine) table(name string) *table {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.tables[name]
}

// shardOf returns the shard that a place belongs to.
func (t *table) shardOf(at place) *shard { return &t.shards[at.shard()] }

// close makes the table refuse what comes, and ends its feeds.
func (t *table) close() {
	for i := range t.shards {
		t.shards[i].Lock()
	}
	t.gone.Store(true)
	for i := range t.shards {
		t.shards[i].Unlock()
	}
	t.log.close()
}

// inOrder returns the distinct shards of a list in the order in which they must be locked.
func inOrder(list []*shard) []*shard {
	slices.SortFunc(list, func(a, b *shard) int { return cmp.Compare(a.order, b.order) })
	return slices.Compact(list)
}
