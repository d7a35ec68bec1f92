package apigateway

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"
)

// random makes identifiers.
type random struct {
	mu     sync.Mutex
	source rand.Source // nil: the generator of math/rand/v2, which needs no lock
}

func (r *random) uint64() uint64 {
	if r.source == nil {
		return rand.Uint64()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.source.Uint64()
}

// requestID returns an id in the form of HTTP APIs: 11 bytes in base64.
func (r *random) requestID() string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], r.uint64())
	binary.BigEndian.PutUint64(b[8:], r.uint64())
	var t [16]byte
	base64.URLEncoding.Encode(t[:], b[:11])
	return string(t[:])
}

// root returns a new trace id for x-amzn-trace-id.
func (r *random) root(now time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], r.uint64())
	binary.BigEndian.PutUint64(b[8:], r.uint64())
	t := make([]byte, 0, 40)
	t = append(t, "Root=1-"...)
	t = strconv.AppendUint(t, uint64(now.Unix()), 16)
	t = append(t, '-')
	t = hex.AppendEncode(t, b[:12])
	return string(t)
}
