package kinesis

import (
	"strconv"
	"strings"
)

// A sequence number is a decimal of 56 digits, as on AWS; what the digits say is our own, and callers must not care:
//
//	49 | time in ms (14) | number within the stream (20) | stream (10) | shard (10)
//
// Time and number never decrease, so sequence numbers increase strictly over the whole stream, not just within a shard as AWS promises.
type sequence struct {
	millis int64
	number uint64
	stream uint64
	shard  int
}

const (
	sequencePrefix = "49"
	sequenceDigits = 56
)

// String returns the 56 digits.
func (s sequence) String() string {
	var digits [sequenceDigits]byte
	copy(digits[:], sequencePrefix)
	putDecimal(digits[2:16], uint64(s.millis))
	putDecimal(digits[16:36], s.number)
	putDecimal(digits[36:46], s.stream)
	putDecimal(digits[46:56], uint64(s.shard))
	return string(digits[:])
}

func putDecimal(digits []byte, n uint64) {
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
}

// parseSequence reads a sequence number of any stream of this engine.
func parseSequence(s string) (sequence, bool) {
	if len(s) != sequenceDigits || !strings.HasPrefix(s, sequencePrefix) {
		return sequence{}, false
	}
	var fields [4]uint64
	for i, cut := range [4][2]int{{2, 16}, {16, 36}, {36, 46}, {46, 56}} {
		n, err := strconv.ParseUint(s[cut[0]:cut[1]], 10, 64)
		if err != nil {
			return sequence{}, false
		}
		fields[i] = n
	}
	return sequence{int64(fields[0]), fields[1], fields[2], int(fields[3])}, true
}
