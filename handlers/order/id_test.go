package order_test

import (
	"strings"
	"testing"

	"github.com/oklog/ulid/v2"
	"pgregory.net/rapid"

	"transactional-outbox/handlers/order"
)

func TestValidID(t *testing.T) {
	for text, want := range map[string]bool{
		"01ARZ3NDEKTSV4RRFFQ69G5FAV":    true,
		"00000000000000000000000000":    true,
		"7ZZZZZZZZZZZZZZZZZZZZZZZZZ":    true,
		"80000000000000000000000000":    false, // more than 128 bits
		"01arz3ndektsv4rrffq69g5fav":    false, // another key of the table
		"01ARZ3NDEKTSV4RRFFQ69G5FAI":    false,
		"01ARZ3NDEKTSV4RRFFQ69G5FA":     false,
		"01ARZ3NDEKTSV4RRFFQ69G5FAV1":   false,
		"":                              false,
		"01ARZ3NDEKTSV4RRFFQ69G5FA\x00": false,
		"01ARZ3NDEKTSV4RRFFQ69G5Fé":     false,
	} {
		if got := order.ValidID(text); got != want {
			t.Errorf("%q: got %t, want %t", text, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		id := ulid.ULID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "bits"))
		if !order.ValidID(id.String()) {
			t.Fatalf("%s is refused", id)
		}
	})
}

func checkKey(t interface{ Errorf(string, ...any) }, key string) {
	printable := len(key) >= 1 && len(key) <= 255 && strings.IndexFunc(key, func(r rune) bool { return r < 0x20 || r > 0x7e }) < 0
	if field, valid := order.CheckKey(key); valid != printable || field.Field != "Idempotency-Key" {
		t.Errorf("%q: valid is %t (%v)", key, valid, field)
	}
}

func TestCheckKey(t *testing.T) {
	for _, key := range []string{"", "a", " ", "~", "\x7f", "\x1f", "é", "a\nb", strings.Repeat("k", 255), strings.Repeat("k", 256)} {
		checkKey(t, key)
	}
}

func FuzzCheckKey(f *testing.F) {
	f.Add("key-1")
	f.Add("a\x00")
	f.Add("\xff")
	f.Fuzz(func(t *testing.T, key string) { checkKey(t, key) })
}
