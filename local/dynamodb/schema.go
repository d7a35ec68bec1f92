package dynamodb

import (
	"encoding/binary"

	"transactional-outbox/local/dynamodb/attribute"
)

const (
	maxHashKeySize = 2048
	maxSortKeySize = 1024
)

// keyAttribute is one attribute of a table's primary key.
type keyAttribute struct {
	name string
	kind attribute.Kind
}

// schema is a table's primary key. sort is zero if items have only a partition key.
type schema struct{ hash, sort keyAttribute }

func (s *schema) sorted() bool { return s.sort.name != "" }

// each calls f for the attributes of the key until it returns an error.
func (s *schema) each(f func(keyAttribute) error) error {
	if err := f(s.hash); err != nil || !s.sorted() {
		return err
	}
	return f(s.sort)
}

// checkItem checks that an item has the key attributes as it must.
func (s *schema) checkItem(item attribute.Map) error {
	return s.each(func(a keyAttribute) error {
		v := item.Get(a.name)
		if !v.Exists() {
			return validation(textParameterInvalid+"Missing the key %s in the item", a.name)
		}
		if v.Kind() != a.kind {
			return validation(textParameterInvalid+"Type mismatch for key %s expected: %v actual: %v", a.name, a.kind, v.Kind())
		}
		return s.checkContent(a, v)
	})
}

// checkKey checks that a key consists of the key attributes and nothing else.
func (s *schema) checkKey(key attribute.Map) error {
	want := 1
	if s.sorted() {
		want = 2
	}
	if len(key) != want {
		return validation(textKeyMismatch)
	}
	return s.each(func(a keyAttribute) error {
		v := key.Get(a.name)
		if v.Kind() != a.kind {
			return validation(textKeyMismatch)
		}
		return s.checkContent(a, v)
	})
}

func (s *schema) checkContent(a keyAttribute, v attribute.Value) error {
	size := len(v.Text())
	switch {
	case v.Kind() == attribute.N:
		return nil
	case size == 0 && v.Kind() == attribute.S:
		return emptyKey("string", a.name)
	case size == 0:
		return emptyKey("binary", a.name)
	case a == s.hash && size > maxHashKeySize:
		return validation(textParameterInvalid + "Size of hashkey has exceeded the maximum size limit of2048 bytes")
	case a == s.sort && size > maxSortKeySize:
		return validation(textParameterInvalid + "Aggregated size of all range keys has exceeded the size limit of 1024 bytes")
	}
	return nil
}

func emptyKey(kind, name string) error {
	return validation("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", kind, name)
}

// keyOf returns the key attributes of an item.
func (s *schema) keyOf(item attribute.Map) attribute.Map {
	if !s.sorted() {
		return attribute.Map{{Name: s.hash.name, Value: item.Get(s.hash.name)}}
	}
	key := make(attribute.Map, 0, 2)
	key.Set(s.hash.name, item.Get(s.hash.name))
	key.Set(s.sort.name, item.Get(s.sort.name))
	return key
}

// place is where an item is kept: a string that orders items by the hash of their partition key, by partition key and by sort key.
type place string

// shard is the number of the shard that a place belongs to: the top bits of the hash, so that shards are in the order of places.
func (p place) shard() int { return (int(p[0])<<8 | int(p[1])) >> (16 - shardBits) }

// placeOf returns the place of an item, or of a key that [schema.checkKey] or [schema.checkItem] has passed.
func (s *schema) placeOf(item attribute.Map) place {
	var room [128]byte
	dst := appendPartition(room[:0], item.Get(s.hash.name))
	if s.sorted() {
		dst = item.Get(s.sort.name).AppendKey(dst)
	}
	return place(dst)
}

// partitionOf returns what the places of all items of a partition begin with.
func partitionOf(hash attribute.Value) string { return string(appendPartition(nil, hash)) }

// appendPartition appends the hash of a partition key and the key itself. Its zero bytes are escaped, and two bytes that cannot be
// part of it follow, so that no partition is a prefix of another.
func appendPartition(dst []byte, v attribute.Value) []byte {
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0)
	dst = v.AppendKey(dst)
	key := dst[start+8:]
	binary.BigEndian.PutUint64(dst[start:], mix(key))
	for i := 0; i < len(key); i++ {
		if key[i] == 0 {
			return append(appendEscaped(dst[:start+8], string(key)), 0, 1)
		}
	}
	return append(dst, 0, 1)
}

func appendEscaped(dst []byte, key string) []byte {
	for i := range len(key) {
		dst = append(dst, key[i])
		if key[i] == 0 {
			dst = append(dst, 0xFF)
		}
	}
	return dst
}

// mix is a 64-bit hash (FNV-1a, then a finalizer as its high bits alone are poor), the same in every run, so that scans are too.
func mix(key []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range key {
		h = (h ^ uint64(c)) * 1099511628211
	}
	h ^= h >> 33
	h *= 0xff51afd7ed558ccd
	h ^= h >> 33
	h *= 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// after returns the smallest string greater than all that begin with prefix, "" if there is none.
func after(prefix string) string {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xFF {
			return prefix[:i] + string([]byte{prefix[i] + 1})
		}
	}
	return ""
}
