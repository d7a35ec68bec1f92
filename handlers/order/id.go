package order

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/oklog/ulid/v2"

	"transactional-outbox/handlers/fault"
)

// idLength is that of a ULID in text form: 26 characters of Crockford's base 32, the first of which holds only three bits.
const idLength = 26

// ValidID says whether text can be an order's id: a ULID in its canonical, upper-case form. Anything else names no order.
func ValidID(text string) bool {
	if len(text) != idLength || text[0] > '7' {
		return false
	}
	for i := range len(text) {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
		case c >= 'A' && c <= 'Z' && c != 'I' && c != 'L' && c != 'O' && c != 'U':
		default:
			return false
		}
	}
	return true
}

// newID makes a ULID of the time and 80 random bits.
func newID(now time.Time, random io.Reader) (string, error) {
	id, err := ulid.New(ulid.Timestamp(now), random)
	if err != nil {
		return "", fmt.Errorf("make id: %w", err)
	}
	return id.String(), nil
}

// idFor is the id of the order that a caller places with an idempotency key: 128 bits of a hash of both, written as a ULID.
// Every attempt with that key meets the same item, for as long as the item exists, so no table of keys is needed.
func idFor(caller, key string) string {
	text := appendText(appendText([]byte("order id 1\x00"), caller), key)
	sum := sha256.Sum256(text)
	return ulid.ULID(sum[:16]).String()
}

// appendText appends text after its length, so that no two lists of strings are written as the same bytes.
func appendText(b []byte, text string) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(len(text)))
	return append(b, text...)
}

// CheckKey says what is wrong with an idempotency key: it has 1 to 255 printable ASCII characters.
func CheckKey(key string) (fault.Field, bool) {
	valid := len(key) >= 1 && len(key) <= 255
	for i := 0; valid && i < len(key); i++ {
		valid = key[i] >= ' ' && key[i] <= '~'
	}
	return fault.Field{Field: "Idempotency-Key", Message: "must have 1 to 255 printable ASCII characters"}, valid
}
