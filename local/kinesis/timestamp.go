package kinesis

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Timestamp is an instant as Kinesis writes it: seconds since the epoch as a number, to the millisecond.
type Timestamp struct{ time.Time }

// MarshalJSONTo writes the number.
func (t Timestamp) MarshalJSONTo(enc *jsontext.Encoder) error {
	return enc.WriteValue(strconv.AppendFloat(make([]byte, 0, 24), float64(t.UnixMilli())/1000, 'f', -1, 64))
}

// UnmarshalJSONFrom reads the number.
func (t *Timestamp) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	token, err := dec.ReadToken()
	if err != nil {
		return err
	}
	if token.Kind() != '0' {
		return fmt.Errorf("a timestamp is a number of seconds, not %s", token.Kind())
	}
	seconds, err := token.Float()
	if err != nil || math.Abs(seconds) > math.MaxInt32*100 {
		return fmt.Errorf("the timestamp %s is out of range", token)
	}
	t.Time = time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()
	return nil
}

func timestamp(millis int64) Timestamp { return Timestamp{time.UnixMilli(millis).UTC()} }
