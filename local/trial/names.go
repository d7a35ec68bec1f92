package trial

import "hash/maphash"

// name stands for the id of an order in 16 bytes. That two of a billion orders share one is as likely as winning a lottery thrice.
type name [2]uint64

// names makes names. They differ from run to run.
type names struct{ seeds [2]maphash.Seed }

func newNames() *names { return &names{[2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}} }

func (n *names) of(id string) name {
	return name{maphash.String(n.seeds[0], id), maphash.String(n.seeds[1], id)}
}

// hash stands for the id of an event; it is never 0.
func (n *names) hash(id string) uint64 { return maphash.String(n.seeds[0], id) | 1 }
