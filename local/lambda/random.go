package lambda

import (
	"crypto/rand"
	"encoding/hex"
	mathrand "math/rand/v2"
	"strconv"
	"sync"
	"time"
)

// random makes identifiers. They need to be unique, not secret, so one seeded generator serves them all without a system call.
type random struct {
	mu  sync.Mutex
	src *mathrand.ChaCha8
}

func newRandom() *random {
	var seed [32]byte
	rand.Read(seed[:]) // never fails
	return &random{src: mathrand.NewChaCha8(seed)}
}

func (r *random) fill(b []byte) {
	r.mu.Lock()
	r.src.Read(b) // never fails
	r.mu.Unlock()
}

// uuid returns a random UUID (version 4).
func (r *random) uuid() string {
	var b [16]byte
	r.fill(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	var t [36]byte
	hex.Encode(t[0:8], b[0:4])
	hex.Encode(t[9:13], b[4:6])
	hex.Encode(t[14:18], b[6:8])
	hex.Encode(t[19:23], b[8:10])
	hex.Encode(t[24:36], b[10:16])
	t[8], t[13], t[18], t[23] = '-', '-', '-', '-'
	return string(t[:])
}

// hex returns n random bytes in hexadecimal.
func (r *random) hex(n int) string {
	b := make([]byte, n)
	r.fill(b)
	return hex.EncodeToString(b)
}

// trace returns a new, sampled X-Ray trace header.
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
func (r *random) trace(now time.Time) string {
	var b [20]byte
	r.fill(b[:])
	t := make([]byte, 0, 75)
	t = append(t, "Root=1-"...)
	t = strconv.AppendUint(t, uint64(now.Unix()), 16)
	t = append(t, '-')
	t = hex.AppendEncode(t, b[:12])
	t = append(t, ";Parent="...)
	t = hex.AppendEncode(t, b[12:])
	t = append(t, ";Sampled=1"...)
	return string(t)
}
