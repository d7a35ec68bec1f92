package conformance

import "strconv"

// number draws a number that arithmetic keeps within 38 digits.
func (g *generator) number() string {
	return `{"N":"` + g.pick("0", "1", "2", "3", "-1", "0.5", "1.50", "100", "1e3", "1E-5", "-2.25", "12345678901234567890") + `"}`
}

// value draws an attribute value, nested at most depth times.
func (g *generator) value(depth int) string {
	n := 11
	if depth > 0 {
		n = 15
	}
	switch g.IntN(n) {
	case 0, 1, 2:
		return g.number()
	case 3, 4:
		return `{"S":"` + g.pick("", "a", "ab", "abc", "b", "é", "😀") + `"}`
	case 5:
		return `{"B":"` + g.pick("", "AA==", "AAE=", "/w==") + `"}`
	case 6:
		return `{"BOOL":` + g.pick("true", "false") + `}`
	case 7:
		return `{"NULL":true}`
	case 8:
		return g.pick(`{"SS":["a"]}`, `{"SS":["b","a"]}`, `{"SS":["c","b"]}`)
	case 9:
		return g.pick(`{"NS":["1"]}`, `{"NS":["2","1.0"]}`, `{"NS":["3","2"]}`)
	case 10:
		return g.pick(`{"BS":["AA=="]}`, `{"BS":["/w==","AA=="]}`)
	case 11, 12:
		out := ""
		for i := range g.IntN(4) {
			if i > 0 {
				out += ","
			}
			out += g.value(depth - 1)
		}
		return `{"L":[` + out + `]}`
	}
	out := ""
	for _, name := range []string{"p", "q"} {
		if g.IntN(3) > 0 {
			if out != "" {
				out += ","
			}
			out += `"` + name + `":` + g.value(depth-1)
		}
	}
	return `{"M":{` + out + `}}`
}

// reference adds a value to the request and returns what refers to it.
func (g *generator) reference(value string) string {
	g.values = append(g.values, value)
	return ":v" + strconv.Itoa(len(g.values)-1)
}

// path draws a document path.
func (g *generator) path() string {
	top := g.pick("p", "q", "r", "s", "p", "q", "r", "s", "#a", "#s", "id")
	if top[0] == '#' {
		if g.names == nil {
			g.names = map[string]string{}
		}
		g.names[top] = map[string]string{"#a": "p", "#s": "status"}[top]
	}
	for top != "id" && g.IntN(4) == 0 {
		top += g.pick(".p", ".q", "[0]", "[1]", "[3]")
	}
	return top
}

func (g *generator) operand() string {
	switch g.IntN(8) {
	case 0, 1, 2:
		return g.path()
	case 3:
		return "size(" + g.path() + ")"
	}
	return g.reference(g.value(1))
}

// condition draws a condition, nested at most depth times.
func (g *generator) condition(depth int) string {
	if depth > 0 {
		switch g.IntN(6) {
		case 0:
			return g.condition(depth-1) + " AND " + g.condition(depth-1)
		case 1:
			return g.condition(depth-1) + " OR " + g.condition(depth-1)
		case 2:
			return "NOT " + g.condition(depth-1)
		}
	}
	switch g.IntN(12) {
	case 0:
		return "attribute_exists(" + g.path() + ")"
	case 1:
		return "attribute_not_exists(" + g.path() + ")"
	case 2:
		return "attribute_type(" + g.path() + ", " + g.reference(`{"S":"`+g.pick("S", "N", "B", "SS", "NS", "BS", "L", "M", "BOOL", "NULL")+`"}`) + ")"
	case 3:
		return "begins_with(" + g.path() + ", " + g.operand() + ")"
	case 4:
		return "contains(" + g.path() + ", " + g.operand() + ")"
	case 5:
		return g.operand() + " BETWEEN " + g.operand() + " AND " + g.operand()
	case 6:
		return g.operand() + " IN (" + g.operand() + ", " + g.operand() + ")"
	}
	return g.operand() + " " + g.pick("=", "<>", "<", "<=", ">", ">=") + " " + g.operand()
}

// update draws an update expression, and says whether it only takes something away.
func (g *generator) update() (text string, removes bool) {
	sections := []func() string{
		func() string {
			out := "SET " + g.path() + " = " + g.source()
			if g.IntN(3) == 0 {
				out += ", " + g.path() + " = " + g.source()
			}
			return out
		},
		func() string { return "REMOVE " + g.path() },
		func() string { return "ADD " + g.path() + " " + g.reference(g.value(0)) },
		func() string {
			return "DELETE " + g.path() + " " + g.reference(g.pick(`{"SS":["a"]}`, `{"NS":["1","3"]}`, `{"BS":["AA=="]}`, g.value(0)))
		},
	}
	order := g.Perm(len(sections))[:1+g.IntN(2)*g.IntN(3)]
	removes = true
	for i, section := range order {
		if i > 0 {
			text += " "
		}
		text += sections[section]()
		removes = removes && (section == 1 || section == 3)
	}
	return text, removes
}

func (g *generator) source() string {
	switch g.IntN(8) {
	case 0:
		return g.term() + " + " + g.reference(g.number())
	case 1:
		return g.term() + " - " + g.reference(g.number())
	case 2:
		return "list_append(" + g.term() + ", " + g.term() + ")"
	}
	return g.term()
}

func (g *generator) term() string {
	switch g.IntN(6) {
	case 0, 1:
		return g.path()
	case 2:
		return "if_not_exists(" + g.path() + ", " + g.reference(g.value(1)) + ")"
	}
	return g.reference(g.value(1))
}

func (g *generator) projection() string {
	out := g.path()
	for g.IntN(2) == 0 {
		out += ", " + g.path()
	}
	return out
}

func (g *generator) query() Request {
	condition := "id = " + g.reference(g.hash())
	limit := 40
	switch g.IntN(6) {
	case 0, 1:
		// Whether a page that ends where the condition ends has a LastEvaluatedKey is a listed difference.
		limit = 0
		condition += " AND n " + g.pick("=", "<", "<=", ">", ">=") + " " + g.reference(g.sort())
	case 2:
		limit = 0
		condition += " AND n BETWEEN " + g.reference(g.sort()) + " AND " + g.reference(g.sort())
	}
	table := "both"
	members := []string{
		quoted("KeyConditionExpression", condition), g.maybe(30, g.filterMember), g.maybe(20, g.projectionMember),
		g.maybe(40, func() string { return `"ScanIndexForward":` + g.pick("true", "false") }),
		g.maybe(limit, func() string { return `"Limit":` + g.pick("1", "2", "3", "10") }),
		g.maybe(10, func() string { return `"Select":"` + g.pick("COUNT", "ALL_ATTRIBUTES") + `"` }),
	}
	return Request{Operation: "Query", Body: g.object(table, members...)}
}

func (g *generator) transactWrite() Request {
	table := g.pick("hash", "both")
	actions := g.distinct(table, 4, func(key string) string {
		switch g.IntN(5) {
		case 0:
			return `{"ConditionCheck":` + g.object(table, `"Key":`+key, g.conditionMember(), g.maybe(50, g.onFailure)) + `}`
		case 1:
			return `{"Delete":` + g.object(table, `"Key":`+key, g.maybe(50, g.conditionMember), g.maybe(50, g.onFailure)) + `}`
		case 2, 3:
			update, condition := g.updateAndCondition(100, 50)
			return `{"Update":` + g.object(table, `"Key":`+key, update, condition, g.maybe(50, g.onFailure)) + `}`
		}
		item := key[:len(key)-1] + g.attributes() + "}"
		return `{"Put":` + g.object(table, `"Item":`+item, g.maybe(50, g.conditionMember), g.maybe(50, g.onFailure)) + `}`
	})
	return Request{Operation: "TransactWriteItems", Body: `{"TransactItems":[` + actions + `]}`}
}
