package attribute

import (
	"cmp"
	"math/big"
	"strconv"
	"strings"
)

// The range of DynamoDB's numbers: 38 significant digits, magnitudes from 1E-130 to 9.99...E+125.
const (
	maxDigits   = 38
	maxExponent = 125
	minExponent = -130
)

// decimal is 0.digits × 10^point, negated if negative. digits has no leading or trailing zeros; zero has no digits.
type decimal struct {
	negative bool
	digits   string
	point    int
}

// NormalizeNumber returns the canonical text of a number: plain notation without superfluous zeros. Equal numbers have equal texts.
// An error is an [Invalid].
func NormalizeNumber(text string) (string, error) {
	if isCanonicalInteger(text) {
		return text, nil
	}
	d, err := parseDecimal(text)
	if err != nil {
		return "", err
	}
	if err := d.check(); err != nil {
		return "", err
	}
	return d.text(), nil
}

// isCanonicalInteger recognises the numbers that nearly all numbers are.
func isCanonicalInteger(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || len(digits) > maxDigits {
		return false
	}
	if digits[0] == '0' {
		return text == "0"
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return true
}

func notANumber(text string) error {
	if text == "" {
		return invalid("The parameter cannot be converted to a numeric value")
	}
	return invalid("The parameter cannot be converted to a numeric value: " + text)
}

// parseDecimal reads [+-]digits[.digits][E[+-]digits], of which the digits before or after the point may be missing, but not both.
func parseDecimal(text string) (decimal, error) {
	var d decimal
	rest := text
	if rest != "" && (rest[0] == '-' || rest[0] == '+') {
		d.negative = rest[0] == '-'
		rest = rest[1:]
	}
	exponent := 0
	if i := strings.IndexAny(rest, "eE"); i >= 0 {
		e, err := strconv.ParseInt(rest[i+1:], 10, 32)
		if err != nil {
			return d, notANumber(text)
		}
		exponent, rest = int(e), rest[:i]
	}
	whole, fraction, _ := strings.Cut(rest, ".")
	digits := whole + fraction
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return d, notANumber(text)
	}
	stripped := strings.TrimLeft(digits, "0")
	d.point = len(whole) + exponent - (len(digits) - len(stripped))
	d.digits = strings.TrimRight(stripped, "0")
	if d.digits == "" {
		return decimal{}, nil
	}
	return d, nil
}

func overflow() error {
	return invalid("Number overflow. Attempting to store a number with magnitude larger than supported range")
}

func (d decimal) check() error {
	switch {
	case d.digits == "":
		return nil
	case d.point-1 > maxExponent:
		return overflow()
	case d.point-1 < minExponent:
		return invalid("Number underflow. Attempting to store a number with magnitude smaller than supported range")
	case len(d.digits) > maxDigits:
		return invalid("Attempting to store more than 38 significant digits in a Number")
	}
	return nil
}

func (d decimal) text() string {
	if d.digits == "" {
		return "0"
	}
	var b strings.Builder
	if d.negative {
		b.WriteByte('-')
	}
	switch {
	case d.point <= 0:
		b.WriteString("0.")
		b.WriteString(strings.Repeat("0", -d.point))
		b.WriteString(d.digits)
	case d.point >= len(d.digits):
		b.WriteString(d.digits)
		b.WriteString(strings.Repeat("0", d.point-len(d.digits)))
	default:
		b.WriteString(d.digits[:d.point])
		b.WriteByte('.')
		b.WriteString(d.digits[d.point:])
	}
	return b.String()
}

// mustDecimal reads a canonical text, which cannot fail.
func mustDecimal(canonical string) decimal {
	if isCanonicalInteger(canonical) && canonical != "0" {
		digits := strings.TrimPrefix(canonical, "-")
		return decimal{len(digits) < len(canonical), strings.TrimRight(digits, "0"), len(digits)}
	}
	d, _ := parseDecimal(canonical)
	return d
}

// smallIntegers reads two canonical texts that are integers of at most 18 digits, so that sums do not overflow.
func smallIntegers(a, b string) (x, y int64, ok bool) {
	if len(a) > 18 || len(b) > 18 {
		return 0, 0, false
	}
	x, err := strconv.ParseInt(a, 10, 64)
	if err != nil {
		return 0, 0, false
	}
	y, err = strconv.ParseInt(b, 10, 64)
	return x, y, err == nil
}

// compareNumbers orders two canonical texts by value.
func compareNumbers(a, b string) int {
	if a == b {
		return 0
	}
	if x, y, ok := smallIntegers(a, b); ok {
		return cmp.Compare(x, y)
	}
	x, y := mustDecimal(a), mustDecimal(b)
	if s := cmp.Compare(x.sign(), y.sign()); s != 0 {
		return s
	}
	magnitude := cmp.Or(cmp.Compare(x.point, y.point), strings.Compare(x.digits, y.digits))
	return magnitude * x.sign()
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	}
	return 1
}

// addNumbers returns the canonical a+b, or a-b. An error is an [Invalid]: the result is out of range.
func addNumbers(a, b string, subtract bool) (string, error) {
	if x, y, ok := smallIntegers(a, b); ok {
		if subtract {
			y = -y
		}
		return strconv.FormatInt(x+y, 10), nil
	}
	x, y := mustDecimal(a), mustDecimal(b)
	if subtract {
		y.negative = !y.negative
	}
	// Both become integers counted in units of the smaller last digit.
	unit := min(x.point-len(x.digits), y.point-len(y.digits))
	sum := new(big.Int).Add(x.scaled(unit), y.scaled(unit))
	d, err := parseDecimal(sum.String() + "E" + strconv.Itoa(unit))
	if err != nil {
		return "", err
	}
	if len(d.digits) > maxDigits {
		return "", overflow() // of digits, but that is what DynamoDB calls it
	}
	if err := d.check(); err != nil {
		return "", err
	}
	return d.text(), nil
}

// scaled returns d / 10^unit, of which d must be a multiple.
func (d decimal) scaled(unit int) *big.Int {
	n := new(big.Int)
	if d.digits == "" {
		return n
	}
	n.SetString(d.digits+strings.Repeat("0", d.point-len(d.digits)-unit), 10)
	if d.negative {
		n.Neg(n)
	}
	return n
}

// numberSize is the number of bytes DynamoDB counts for a canonical number: two digits a byte, a byte for the exponent, and one more
// for negative numbers.
func numberSize(canonical string) int {
	d := mustDecimal(canonical)
	if d.digits == "" {
		return 1
	}
	size := 1 + (len(d.digits)+1)/2
	if len(d.digits)%2 == 0 && (d.point-1)%2 == 0 {
		size++ // the digits straddle one more byte, as pairs are aligned to the decimal point
	}
	if d.negative {
		size++
	}
	return size
}

// appendNumberKey appends bytes that sort as the number does: its sign, its exponent, its digits; the last two complemented and
// terminated if it is negative.
func appendNumberKey(dst []byte, canonical string) []byte {
	d := mustDecimal(canonical)
	if d.digits == "" {
		return append(dst, 1)
	}
	exponent := byte(d.point - 1 - minExponent)
	if !d.negative {
		return append(append(dst, 2, exponent), d.digits...)
	}
	dst = append(dst, 0, 0xFF-exponent)
	for i := range len(d.digits) {
		dst = append(dst, '0'+'9'-d.digits[i])
	}
	return append(dst, 0xFF)
}
