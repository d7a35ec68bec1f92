package expression

// attributeOf tells whether a condition looks at a top-level attribute, and whether at parts of it.
func attributeOf(n node, b *binding, name string) (used, nested bool) {
	visit(n, func(p path) {
		if p[0].resolved(b.names) == name {
			used, nested = true, nested || len(p) > 1
		}
	})
	return used, nested
}

// visit calls f for every path of a condition.
func visit(n node, f func(path)) {
	switch n := n.(type) {
	case and:
		visit(n.left, f)
		visit(n.right, f)
	case or:
		visit(n.left, f)
		visit(n.right, f)
	case not:
		visit(n.inner, f)
	case comparison:
		visitOperands(f, n.left, n.right)
	case between:
		visitOperands(f, n.subject, n.low, n.high)
	case in:
		visitOperands(f, n.subject)
		visitOperands(f, n.choices...)
	case function:
		visitOperands(f, n.args...)
	}
}

func visitOperands(f func(path), operands ...operand) {
	for _, o := range operands {
		switch o := o.(type) {
		case pathOperand:
			f(o.path)
		case sizeOperand:
			visitOperands(f, o.args...)
		}
	}
}
