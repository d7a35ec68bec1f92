package dynamodb

// Sizes of the units in which DynamoDB meters, in bytes.
const (
	writeUnit = 1 << 10
	readUnit  = 4 << 10
)

// units returns how many units a size takes, one at least.
func units(size, unit int) float64 { return float64(max(1, (size+unit-1)/unit)) }

func (w *write) units() float64 { return units(max(w.old.bytes(), w.new.bytes()), writeUnit) }

// readUnits returns the cost of reading a size.
func readUnits(size int, consistent bool) float64 {
	if consistent {
		return units(size, readUnit)
	}
	return units(size, readUnit) / 2
}

// usage is the cost of a request for one table.
type usage struct {
	table       string
	read, write float64
}

// add adds a cost to the table's.
func add(list []usage, table string, read, write float64) []usage {
	for i := range list {
		if list[i].table == table {
			list[i].read += read
			list[i].write += write
			return list
		}
	}
	return append(list, usage{table, read, write})
}

// writeCapacity adds the ConsumedCapacity of one write if asked for.
func (a *answer) writeCapacity(asked string, w *write) {
	a.capacity(asked, usage{table: w.table.name, write: w.units()})
}

// capacity adds the ConsumedCapacity of one table if asked for.
func (a *answer) capacity(asked string, u usage) {
	if asked == "TOTAL" || asked == "INDEXES" {
		a.object("ConsumedCapacity", func() { a.usage(asked, u, false) })
	}
}

// capacities adds the ConsumedCapacity of several tables if asked for. split tells units read and written apart, as transactions do.
func (a *answer) capacities(asked string, list []usage, split bool) {
	if asked != "TOTAL" && asked != "INDEXES" {
		return
	}
	a.list("ConsumedCapacity", len(list), func(i int) {
		a.json = append(a.json, '{')
		a.usage(asked, list[i], split)
		a.json = append(a.json, '}')
	})
}

func (a *answer) usage(asked string, u usage, split bool) {
	cost := func() {
		a.number("CapacityUnits", u.read+u.write)
		if split && u.read > 0 {
			a.number("ReadCapacityUnits", u.read)
		}
		if split && u.write > 0 {
			a.number("WriteCapacityUnits", u.write)
		}
	}
	a.text("TableName", u.table)
	cost()
	if asked == "INDEXES" {
		a.object("Table", cost)
	}
}
