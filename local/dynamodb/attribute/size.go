package attribute

// MaxItemSize is the largest size of an item, in bytes as [Map.Size] counts them.
const MaxItemSize = 400 << 10

// overheads of collections, in bytes
const (
	collectionOverhead = 3
	elementOverhead    = 1
)

// Size returns the bytes that DynamoDB counts for an item: its names in UTF-8 and its values.
func (m Map) Size() int {
	size := 0
	for i := range m {
		size += len(m[i].Name) + m[i].Value.Size()
	}
	return size
}

// Size returns the bytes that DynamoDB counts for a value.
func (v Value) Size() int {
	switch v.kind {
	case S, B:
		return len(v.text)
	case N:
		return numberSize(v.text)
	case BOOL, NULL:
		return 1
	case NS:
		size := 0
		for _, element := range v.parts.set {
			size += numberSize(element)
		}
		return size
	case SS, BS:
		size := 0
		for _, element := range v.parts.set {
			size += len(element)
		}
		return size
	case L:
		size := collectionOverhead
		for _, element := range v.parts.list {
			size += elementOverhead + element.Size()
		}
		return size
	case M:
		return collectionOverhead + elementOverhead*len(v.parts.members) + v.parts.members.Size()
	}
	return 0
}
