package jsonscan

import "strconv"

// Number reads a number and returns its text.
func (s *Scanner) Number() string {
	if s.Kind() != Number {
		s.unexpected("a number")
		return ""
	}
	start := s.pos
	if s.text[s.pos] == '-' {
		s.pos++
	}
	if s.pos < len(s.text) && s.text[s.pos] == '0' {
		s.pos++
	} else if !s.digits() {
		return ""
	}
	if s.pos < len(s.text) && s.text[s.pos] == '.' {
		if s.pos++; !s.digits() {
			return ""
		}
	}
	if s.pos < len(s.text) && s.text[s.pos]|0x20 == 'e' {
		s.pos++
		if s.pos < len(s.text) && (s.text[s.pos] == '+' || s.text[s.pos] == '-') {
			s.pos++
		}
		if !s.digits() {
			return ""
		}
	}
	return s.text[start:s.pos]
}

// digits reads at least one digit.
func (s *Scanner) digits() bool {
	start := s.pos
	for s.pos < len(s.text) && s.text[s.pos]-'0' <= 9 {
		s.pos++
	}
	if s.pos == start {
		s.unexpected("a digit")
		return false
	}
	return true
}

// Int64 reads a number without fraction and exponent that fits.
func (s *Scanner) Int64() int64 {
	s.space()
	start := s.pos
	text := s.Number()
	if s.err != nil {
		return 0
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		s.failAt(start, "number is not a 64-bit integer")
		return 0
	}
	return n
}
