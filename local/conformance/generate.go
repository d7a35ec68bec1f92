package conformance

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// DynamoDBRequest draws a request to the tables "hash" (key id, S) and "both" (keys id, S, and n, N). Keys, attributes and values are few, so
// that requests meet.
func DynamoDBRequest(random *rand.Rand) Request {
	g := &generator{Rand: random}
	return g.request()
}

// DynamoDBTables are the requests that make the tables of [DynamoDBRequest], and those that remove them.
func DynamoDBTables() (setup, cleanup []Request) {
	for table, sorted := range map[string]bool{"hash": false, "both": true} {
		definitions, schema := `{"AttributeName":"id","AttributeType":"S"}`, `{"AttributeName":"id","KeyType":"HASH"}`
		if sorted {
			definitions += `,{"AttributeName":"n","AttributeType":"N"}`
			schema += `,{"AttributeName":"n","KeyType":"RANGE"}`
		}
		setup = append(setup, Request{Operation: "CreateTable", Body: `{"TableName":"` + table + `","AttributeDefinitions":[` + definitions + `],"KeySchema":[` + schema +
			`],"BillingMode":"PAY_PER_REQUEST"}`})
		cleanup = append(cleanup, Request{Operation: "DeleteTable", Body: `{"TableName":"` + table + `"}`})
	}
	return setup, cleanup
}

type generator struct {
	*rand.Rand
	values []string // the expression attribute values of the request
	names  map[string]string
}

func (g *generator) request() Request {
	table := g.pick("hash", "both")
	switch n := g.IntN(100); {
	case n < 22:
		return Request{Operation: "PutItem", Body: g.object(table, `"Item":`+g.item(table), g.maybe(50, g.conditionMember), g.maybe(20, g.onFailure), g.maybe(20, g.allOld))}
	case n < 52:
		update, condition := g.updateAndCondition(95, 30)
		return Request{Operation: "UpdateItem", Body: g.object(table, `"Key":`+g.key(table), update, condition, g.maybe(20, g.onFailure),
			g.maybe(70, func() string {
				// UPDATED_OLD and UPDATED_NEW of nested paths are a listed difference.
				return `"ReturnValues":"` + g.pick("NONE", "ALL_OLD", "ALL_NEW") + `"`
			}))}
	case n < 60:
		return Request{Operation: "DeleteItem", Body: g.object(table, `"Key":`+g.key(table), g.maybe(50, g.conditionMember), g.maybe(20, g.onFailure), g.maybe(70, g.allOld))}
	case n < 68:
		return Request{Operation: "GetItem", Body: g.object(table, `"Key":`+g.key(table), g.maybe(40, g.projectionMember), g.maybe(20, func() string { return `"ConsistentRead":true` }))}
	case n < 79:
		return g.query()
	case n < 83:
		return Request{Operation: "Scan", Body: g.object(table, g.maybe(50, g.filterMember), g.maybe(30, g.projectionMember))}
	case n < 87:
		return Request{Operation: "BatchWriteItem", Body: `{"RequestItems":{"` + table + `":[` + g.distinct(table, 4, func(key string) string {
			if g.IntN(2) == 0 {
				return `{"DeleteRequest":{"Key":` + key + `}}`
			}
			return `{"PutRequest":{"Item":` + strings.TrimSuffix(key, "}") + g.attributes() + `}}}`
		}) + `]}}`}
	case n < 90:
		return Request{Operation: "BatchGetItem", Body: `{"RequestItems":{"` + table + `":{"Keys":[` + g.distinct(table, 4, func(key string) string { return key }) + `]}}}`}
	case n < 97:
		return g.transactWrite()
	}
	return Request{Operation: "TransactGetItems", Body: `{"TransactItems":[` + g.distinct(table, 4, func(key string) string {
		return `{"Get":{"TableName":"` + table + `","Key":` + key + `}}`
	}) + `]}`}
}

// object puts members into a request to a table, and adds the names and values they use.
func (g *generator) object(table string, members ...string) string {
	out := `{"TableName":"` + table + `"`
	for _, member := range append(members, g.arguments()) {
		if member != "" {
			out += "," + member
		}
	}
	g.values, g.names = nil, nil
	return out + "}"
}

// arguments are the names and values that have been used.
func (g *generator) arguments() string {
	var members []string
	if len(g.values) > 0 {
		var values []string
		for i, v := range g.values {
			values = append(values, `":v`+strconv.Itoa(i)+`":`+v)
		}
		members = append(members, `"ExpressionAttributeValues":{`+strings.Join(values, ",")+`}`)
	}
	if len(g.names) > 0 {
		var names []string
		for _, reference := range []string{"#a", "#s"} {
			if name := g.names[reference]; name != "" {
				names = append(names, `"`+reference+`":"`+name+`"`)
			}
		}
		members = append(members, `"ExpressionAttributeNames":{`+strings.Join(names, ",")+`}`)
	}
	return strings.Join(members, ",")
}

func (g *generator) maybe(percent int, member func() string) string {
	if g.IntN(100) >= percent {
		return ""
	}
	return member()
}

func (g *generator) pick(options ...string) string { return options[g.IntN(len(options))] }

func (g *generator) onFailure() string {
	return `"ReturnValuesOnConditionCheckFailure":"` + g.pick("ALL_OLD", "NONE") + `"`
}
func (g *generator) allOld() string           { return `"ReturnValues":"` + g.pick("ALL_OLD", "NONE") + `"` }
func (g *generator) conditionMember() string  { return quoted("ConditionExpression", g.condition(2)) }
func (g *generator) filterMember() string     { return quoted("FilterExpression", g.condition(2)) }
func (g *generator) projectionMember() string { return quoted("ProjectionExpression", g.projection()) }

// updateAndCondition draws an update and perhaps a condition for it, the one and the other with a probability in percent.
func (g *generator) updateAndCondition(update, condition int) (string, string) {
	if g.IntN(100) >= update {
		return "", g.maybe(condition, g.conditionMember)
	}
	text, removes := g.update()
	if removes {
		// DynamoDB Local makes an item that is not there, which is a listed difference.
		return quoted("UpdateExpression", text), quoted("ConditionExpression", "attribute_exists(id)")
	}
	return quoted("UpdateExpression", text), g.maybe(condition, g.conditionMember)
}

func quoted(member, text string) string { return fmt.Sprintf("%q:%q", member, text) }

// hash draws a hash key.
func (g *generator) hash() string { return `{"S":"` + g.pick("a", "b", "c") + `"}` }

// sort draws a sort key, the same ones in several spellings.
func (g *generator) sort() string {
	return `{"N":"` + g.pick("0", "1", "2", "10", "-1", "1.5", "1.0", "1e1", "-0.5") + `"}`
}

// key draws a key: now and then one that does not fit.
func (g *generator) key(table string) string {
	if g.IntN(50) == 0 {
		return g.pick(`{"id":{"N":"1"}}`, `{"id":{"S":""}}`, `{"x":{"S":"a"}}`, `{"id":{"S":"a"},"n":{"N":"1"},"x":{"S":"a"}}`)
	}
	if table == "both" {
		return `{"id":` + g.hash() + `,"n":` + g.sort() + `}`
	}
	return `{"id":` + g.hash() + `}`
}

func (g *generator) item(table string) string {
	return strings.TrimSuffix(g.key(table), "}") + g.attributes() + "}"
}

// attributes draws attributes of an item, each preceded by a comma.
func (g *generator) attributes() string {
	out := ""
	for _, name := range []string{"p", "q", "r", "s", "status"} {
		if g.IntN(2) == 0 {
			out += `,"` + name + `":` + g.value(2)
		}
	}
	return out
}

// distinct draws up to n different keys and joins what is made of them.
func (g *generator) distinct(table string, n int, each func(key string) string) string {
	var out []string
	hashes, sorts := []string{"a", "b", "c"}, []string{"0", "1", "2", "10", "-1"}
	offset := g.IntN(3)
	for i := range 1 + g.IntN(n) {
		key := `{"id":{"S":"` + hashes[(i+offset)%3] + `"}}`
		if table == "both" {
			key = `{"id":{"S":"` + hashes[g.IntN(3)] + `"},"n":{"N":"` + sorts[i] + `"}}`
		} else if i == 3 {
			break
		}
		out = append(out, each(key))
	}
	return strings.Join(out, ",")
}
