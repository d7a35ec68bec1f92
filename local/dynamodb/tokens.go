package dynamodb

import (
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"transactional-outbox/local/awsapi"
)

// tokenLife is how long a ClientRequestToken is remembered after its transaction has completed.
const tokenLife = 10 * time.Minute

// tokens remembers the ClientRequestTokens of transactions. Clients send one with nearly every transaction, so that there can be
// millions: entries are small and have no pointers, which keeps them from the garbage collector.
type tokens struct {
	seeds [3]maphash.Seed // two for tokens, one for fingerprints

	mu      sync.Mutex
	entries map[tokenHash]tokenEntry
	queue   []tokenHash // of completed transactions, oldest first, from head on
	head    int
}

// tokenHash stands for a token.
type tokenHash [2]uint64

type tokenEntry struct {
	fingerprint uint64
	completed   int64 // Unix nanoseconds; 0 while under way
}

func (t *tokens) init() {
	t.entries = map[tokenHash]tokenEntry{}
	for i := range t.seeds {
		t.seeds[i] = maphash.MakeSeed()
	}
}

func (t *tokens) hash(token string) tokenHash {
	return tokenHash{maphash.String(t.seeds[0], token), maphash.String(t.seeds[1], token)}
}

// begin announces a transaction. again says that the same one has been completed with this token; then there is nothing to do.
func (t *tokens) begin(token tokenHash, fingerprint uint64, now time.Time) (again bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forget(now)
	entry, known := t.entries[token]
	switch {
	case !known:
		t.entries[token] = tokenEntry{fingerprint: fingerprint}
		return false, nil
	case entry.fingerprint != fingerprint:
		return false, awsapi.Errorf(codeTokenMismatch, "Request rejected because it used a previously used client token with different parameters")
	case entry.completed == 0:
		return false, awsapi.Errorf(codeInProgress, "Transaction is ongoing for the given client token")
	}
	return true, nil
}

// end remembers the token of a transaction that was performed, and forgets that of one that was not.
func (t *tokens) end(token tokenHash, performed bool, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !performed {
		delete(t.entries, token)
		return
	}
	t.entries[token] = tokenEntry{t.entries[token].fingerprint, now.UnixNano()}
	t.queue = append(t.queue, token)
}

// forget drops the tokens whose time is over.
func (t *tokens) forget(now time.Time) {
	oldest := now.Add(-tokenLife).UnixNano()
	for t.head < len(t.queue) && t.entries[t.queue[t.head]].completed <= oldest {
		delete(t.entries, t.queue[t.head])
		t.head++
	}
	if t.head > 1024 && t.head > len(t.queue)/2 {
		t.queue = slices.Delete(t.queue, 0, t.head)
		t.head = 0
	}
}
