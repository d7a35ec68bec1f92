package kinesis

import (
	"crypto/md5"
	"encoding/binary"
	"math/big"
	"math/bits"

	"transactional-outbox/local/awsapi"
)

// hashKey is a point of the 128-bit space that a stream's shards divide among themselves.
type hashKey struct{ high, low uint64 }

var maxHashKey = hashKey{^uint64(0), ^uint64(0)}

func (k hashKey) less(other hashKey) bool {
	return k.high < other.high || k.high == other.high && k.low < other.low
}

// plus returns k+n, wrapping around.
func (k hashKey) plus(n uint64) hashKey {
	low, carry := bits.Add64(k.low, n, 0)
	return hashKey{k.high + carry, low}
}

// minus returns k-n, wrapping around.
func (k hashKey) minus(n uint64) hashKey {
	low, borrow := bits.Sub64(k.low, n, 0)
	return hashKey{k.high - borrow, low}
}

// String returns the decimal form that the API uses.
func (k hashKey) String() string {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:8], k.high)
	binary.BigEndian.PutUint64(raw[8:], k.low)
	return new(big.Int).SetBytes(raw[:]).String()
}

// hashOf is where a partition key belongs: its MD5, read as a number.
func hashOf(partitionKey string) hashKey {
	sum := md5.Sum([]byte(partitionKey))
	return hashKey{binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:])}
}

// parseHashKey reads the decimal form; name is that of the request's member.
func parseHashKey(name, decimal string) (hashKey, error) {
	n, ok := new(big.Int).SetString(decimal, 10)
	if !ok || n.Sign() < 0 || n.BitLen() > 128 {
		return hashKey{}, awsapi.Errorf("InvalidArgumentException", "Invalid %s. %s must be in the range: [0, 2^128-1]. Specified value was %s", name, name, decimal)
	}
	var raw [16]byte
	n.FillBytes(raw[:])
	return hashKey{binary.BigEndian.Uint64(raw[:8]), binary.BigEndian.Uint64(raw[8:])}, nil
}

// evenStarts divides the space evenly into n ranges and returns where each begins.
func evenStarts(n int) []hashKey {
	space := new(big.Int).Lsh(big.NewInt(1), 128)
	width := space.Div(space, big.NewInt(int64(n)))
	starts := make([]hashKey, n)
	for i := range starts {
		var raw [16]byte
		new(big.Int).Mul(width, big.NewInt(int64(i))).FillBytes(raw[:])
		starts[i] = hashKey{binary.BigEndian.Uint64(raw[:8]), binary.BigEndian.Uint64(raw[8:])}
	}
	return starts
}
