package conformance

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// KinesisStream is the name of the stream of [KinesisRequest].
const KinesisStream = "random"

// KinesisRequest draws a request to the stream [KinesisStream] of two shards. Requests that go on from an answer have ${NAME} in them, and
// Keep says which values of its answer a request leaves behind.
func KinesisRequest(random *rand.Rand) Request {
	g := &generator{Rand: random}
	shard := "shardId-00000000000" + g.pick("0", "1")
	number := g.pick("0", "1", "2", "3")
	iterator := g.pick("0", "1", "2")
	switch n := g.IntN(100); {
	case n < 35:
		return Request{Operation: "PutRecord", Body: g.stream(g.record()), Keep: []Keep{{"SEQ" + number, "SequenceNumber"}, {"SHARD" + number, "ShardId"}}}
	case n < 45:
		var records []string
		for range 1 + g.IntN(5) {
			records = append(records, "{"+g.record()+"}")
		}
		return Request{Operation: "PutRecords", Body: g.stream(`"Records":[` + strings.Join(records, ",") + `]`)}
	case n < 65:
		kind := g.pick("TRIM_HORIZON", "LATEST", "AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "AT_TIMESTAMP")
		if strings.HasSuffix(kind, "_SEQUENCE_NUMBER") {
			// kinesis-mock does not mind if the record is in another shard.
			shard = "${SHARD" + number + "}"
		}
		members := fmt.Sprintf(`"ShardId":%q,"ShardIteratorType":%q`, shard, kind)
		switch {
		case strings.HasSuffix(kind, "_SEQUENCE_NUMBER"):
			members += `,"StartingSequenceNumber":"${SEQ` + number + `}"`
		case kind == "AT_TIMESTAMP":
			members += `,"Timestamp":1`
		}
		return Request{Operation: "GetShardIterator", Body: g.stream(members), Keep: []Keep{{"ITER" + iterator, "ShardIterator"}}}
	case n < 92:
		limit := ""
		if g.IntN(3) > 0 {
			limit = `,"Limit":` + strconv.Itoa(1+g.IntN(10))
		}
		return Request{Operation: "GetRecords", Body: `{"ShardIterator":"${ITER` + iterator + `}"` + limit + `}`, Keep: []Keep{{"ITER" + iterator, "NextShardIterator"}}}
	case n < 95:
		return Request{Operation: "DescribeStreamSummary", Body: g.stream()}
	case n < 97:
		return Request{Operation: g.pick("IncreaseStreamRetentionPeriod", "DecreaseStreamRetentionPeriod"),
			Body: g.stream(`"RetentionPeriodHours":` + g.pick("24", "48", "72", "23", "9000"))}
	case n < 98:
		return Request{Operation: "AddTagsToStream", Body: g.stream(`"Tags":{"` + g.pick("a", "b") + `":"` + g.pick("1", "2") + `"}`)}
	case n < 99:
		return Request{Operation: "RemoveTagsFromStream", Body: g.stream(`"TagKeys":["` + g.pick("a", "b") + `"]`)}
	}
	return Request{Operation: "ListTagsForStream", Body: g.stream()}
}

// stream puts members into a request to the stream.
func (g *generator) stream(members ...string) string {
	return `{"StreamName":"` + KinesisStream + `"` + strings.Join(append([]string{""}, members...), ",") + "}"
}

func (g *generator) record() string {
	data := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(g.pick("x", "é"), g.IntN(50))))
	out := fmt.Sprintf(`"PartitionKey":"k%d","Data":%q`, g.IntN(20), data)
	if g.IntN(4) == 0 {
		out += `,"ExplicitHashKey":"` + g.pick("0", "1", "170141183460469231731687303715884105720", "170141183460469231731687303715884105740",
			"340282366920938463463374607431768211455", "340282366920938463463374607431768211456") + `"`
	}
	return out
}
