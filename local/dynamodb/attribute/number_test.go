package attribute_test

import (
	"bytes"
	"math/big"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"
	"pgregory.net/rapid"

	"transactional-outbox/local/dynamodb/attribute"
)

func TestNormalizeNumber(t *testing.T) {
	nines := strings.Repeat("9", 38)
	for _, row := range []struct{ text, want string }{
		{"0", "0"}, {"-0", "0"}, {"0.00", "0"}, {"0e1000", "0"}, {"+3", "3"}, {"007", "7"}, {".123", "0.123"}, {"5.", "5"},
		{"-17e5", "-1700000"}, {"1e+5", "100000"}, {"1.50", "1.5"}, {"123E-5", "0.00123"}, {"-17.4E37", "-174" + strings.Repeat("0", 36)},
		{nines, nines}, {nines + "0", nines + "0"}, {"1e125", "1" + strings.Repeat("0", 125)}, {"1e-130", "0." + strings.Repeat("0", 129) + "1"},
	} {
		if got, err := attribute.NormalizeNumber(row.text); got != row.want || err != nil {
			t.Errorf("%s: got %s, %v, want %s", row.text, got, err, row.want)
		}
	}
	const notNumeric = "The parameter cannot be converted to a numeric value"
	for _, row := range []struct{ text, want string }{
		{"", notNumeric}, {"dog", notNumeric + ": dog"}, {" 1", notNumeric + ":  1"}, {"NaN", notNumeric + ": NaN"}, {"1e", notNumeric + ": 1e"},
		{"1-2", notNumeric + ": 1-2"}, {".", notNumeric + ": ."}, {"-", notNumeric + ": -"}, {"1.2.3", notNumeric + ": 1.2.3"},
		{"1e126", "Number overflow. Attempting to store a number with magnitude larger than supported range"},
		{"-11e125", "Number overflow. Attempting to store a number with magnitude larger than supported range"},
		{"0.9e-130", "Number underflow. Attempting to store a number with magnitude smaller than supported range"},
		{nines + "1", "Attempting to store more than 38 significant digits in a Number"},
	} {
		if _, err := attribute.NormalizeNumber(row.text); err == nil || err.Error() != row.want {
			t.Errorf("%q: got %v, want %s", row.text, err, row.want)
		}
	}
}

// number draws the text of a number that DynamoDB accepts.
func number(t *rapid.T, label string) string {
	return rapid.OneOf(
		rapid.StringMatching(`-?(0|[1-9][0-9]{0,18})`),
		rapid.StringMatching(`-?[0-9]{1,12}\.[0-9]{1,12}`),
		rapid.StringMatching(`[-+]?[0-9]\.[0-9]{0,36}[eE]-?([0-9]|[1-9][0-9]|12[0-4])`),
		rapid.StringMatching(`-?[1-9](E|e\+)1[0-2][0-5]`),
	).Draw(t, label)
}

func mustNumber(t *rapid.T, text string) attribute.Value {
	v, err := attribute.Number(text)
	if err != nil {
		t.Skip(err)
	}
	return v
}

func TestNumbersAgreeWithAnOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := number(t, "a"), number(t, "b")
		x, y := mustNumber(t, a), mustNumber(t, b)
		p, _, err := apd.NewFromString(a)
		if err != nil {
			t.Fatal(err)
		}
		q, _, _ := apd.NewFromString(b)
		if text := x.Text(); canonical(t, text).Cmp(p) != 0 || !isPlain(text) {
			t.Fatalf("%s became %s", a, text)
		}
		order, _ := x.Compare(y)
		if want := p.Cmp(q); order != want {
			t.Fatalf("compare %s, %s: got %d, want %d", a, b, order, want)
		}
		if got := bytes.Compare(x.AppendKey(nil), y.AppendKey(nil)); got != order {
			t.Fatalf("keys of %s, %s: got %d, want %d", a, b, got, order)
		}
		if x.Equal(y) != (order == 0) {
			t.Fatalf("equality of %s, %s disagrees with their order", a, b)
		}
		context := apd.BaseContext.WithPrecision(400)
		for _, subtract := range []bool{false, true} {
			sum, want := attribute.Value{}, new(apd.Decimal)
			if subtract {
				sum, err = x.Minus(y)
				context.Sub(want, p, q)
			} else {
				sum, err = x.Plus(y)
				context.Add(want, p, q)
			}
			if representable(want) != (err == nil) {
				t.Fatalf("%s and %s (subtract: %t): %v is out of range, but: %v", a, b, subtract, want, err)
			}
			if err == nil && canonical(t, sum.Text()).Cmp(want) != 0 {
				t.Fatalf("%s and %s (subtract: %t): got %s, want %v", a, b, subtract, sum.Text(), want)
			}
		}
	})
}

func canonical(t *rapid.T, text string) *apd.Decimal {
	d, _, err := apd.NewFromString(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func isPlain(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	if strings.ContainsAny(digits, "eE+-") || text == "-0" {
		return false
	}
	whole, fraction, found := strings.Cut(digits, ".")
	return whole != "" && (whole == "0" || whole[0] != '0') && (!found || fraction != "" && !strings.HasSuffix(fraction, "0"))
}

func representable(d *apd.Decimal) bool {
	if d.IsZero() {
		return true
	}
	reduced, _ := new(apd.Decimal).Reduce(d)
	digits := reduced.NumDigits()
	exponent := int64(reduced.Exponent) + digits - 1
	return digits <= 38 && exponent <= 125 && exponent >= -130
}

func TestNumberSize(t *testing.T) {
	for _, row := range []struct {
		text string
		want int
	}{{"0", 1}, {"1", 2}, {"12", 2}, {"123", 3}, {"-1", 3}, {"100", 2}, {"1795521600", 5}, {"0.5", 2}} {
		v, err := attribute.Number(row.text)
		if err != nil || v.Size() != row.want {
			t.Errorf("%s: got %d, %v, want %d", row.text, v.Size(), err, row.want)
		}
	}
}

func TestSumsOfSmallIntegersAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.Int64().Draw(t, "a"), rapid.Int64().Draw(t, "b")
		x, y := big.NewInt(a), big.NewInt(b)
		v, w := mustNumber(t, x.String()), mustNumber(t, y.String())
		sum, err := v.Plus(w)
		if want := new(big.Int).Add(x, y).String(); err != nil || sum.Text() != want {
			t.Fatalf("%d + %d: got %s, %v, want %s", a, b, sum.Text(), err, want)
		}
	})
}
