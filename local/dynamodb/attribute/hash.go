package attribute

import (
	"encoding/binary"
	"hash/maphash"
)

// Hash writes the map to h, such that maps that differ write something different.
func (m Map) Hash(h *maphash.Hash) {
	hashLength(h, len(m))
	for i := range m {
		HashString(h, m[i].Name)
		m[i].Value.hash(h)
	}
}

func (v Value) hash(h *maphash.Hash) {
	h.WriteByte(byte(v.kind))
	switch v.kind {
	case S, N, B:
		HashString(h, v.text)
	case BOOL:
		h.WriteByte("ft"[b2i(v.truth)])
	case SS, NS, BS:
		hashLength(h, len(v.parts.set))
		for _, element := range v.parts.set {
			HashString(h, element)
		}
	case L:
		hashLength(h, len(v.parts.list))
		for _, element := range v.parts.list {
			element.hash(h)
		}
	case M:
		v.parts.members.Hash(h)
	}
}

// HashString writes a string to h, with its length, so that strings in a row cannot be confused.
func HashString(h *maphash.Hash, s string) {
	hashLength(h, len(s))
	h.WriteString(s)
}

func hashLength(h *maphash.Hash, n int) {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], uint32(n))
	h.Write(b[:])
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
