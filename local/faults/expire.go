package faults

import (
	"container/heap"
	"context"
	"time"

	"transactional-outbox/local/dynamodb"
)

// Half of the events that expire do so about when they are delivered, the others later, when the consumer is long done with them.
const (
	soonExpired = 40 * time.Millisecond
	lateExpired = 2 * time.Second
)

// Changes are those of a table, as of a feed. It is closed when the injector is done with it.
type Changes interface {
	Next(ctx context.Context, max int) ([]dynamodb.Change, error)
	Close()
}

// Expire removes some of the items that appear in a table, early and as the DynamoDB service does. remove removes the item with
// a key, and reports whether it was there.
func (i *Injector) Expire(changes Changes, remove func(keys []byte) (bool, error)) {
	if i.mix.Expire == 0 {
		changes.Close()
		return
	}
	due := make(chan expiry)
	ctx, cancel := context.WithCancel(context.Background())
	i.running.Go(func() {
		<-i.stop
		cancel()
	})
	i.running.Go(func() {
		defer changes.Close()
		i.choose(ctx, changes, due)
	})
	i.running.Go(func() { i.wait(due, remove) })
}

// expiry is an item that is to be removed.
type expiry struct {
	at   time.Time
	keys []byte
}

// choose picks the items that expire early.
func (i *Injector) choose(ctx context.Context, changes Changes, due chan<- expiry) {
	for {
		batch, err := changes.Next(ctx, 0)
		if err != nil {
			return // the desk stops, or the table is gone
		}
		for k := range batch {
			if batch[k].EventName != "INSERT" {
				continue
			}
			yes, detail := i.expire.hit(i.mix.Expire)
			if !yes {
				continue
			}
			wait := time.Duration(2 * detail * float64(soonExpired))
			if detail >= 0.5 {
				wait = time.Duration((2*detail - 1) * float64(lateExpired))
			}
			select {
			case due <- expiry{time.Now().Add(wait), batch[k].Keys}:
			case <-ctx.Done():
				return
			}
		}
	}
}

// wait removes items when their time has come.
func (i *Injector) wait(due <-chan expiry, remove func(keys []byte) (bool, error)) {
	var queue expiries
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-i.stop:
			return
		case next := <-due:
			heap.Push(&queue, next)
		case <-timer.C:
		}
		for len(queue) > 0 && !queue[0].at.After(time.Now()) {
			gone, err := remove(heap.Pop(&queue).(expiry).keys)
			if err != nil {
				i.logger.Warn("event not expired", "error", err)
			} else if gone {
				i.expired.Add(1)
			}
		}
		if len(queue) > 0 {
			timer.Reset(time.Until(queue[0].at))
		}
	}
}

// expiries is a heap of what comes first.
type expiries []expiry

func (e expiries) Len() int           { return len(e) }
func (e expiries) Less(i, j int) bool { return e[i].at.Before(e[j].at) }
func (e expiries) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *expiries) Push(x any)        { *e = append(*e, x.(expiry)) }
func (e *expiries) Pop() any {
	last := len(*e) - 1
	out := (*e)[last]
	*e = (*e)[:last]
	return out
}
