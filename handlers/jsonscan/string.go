package jsonscan

import (
	"encoding/base64"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// String reads a string. It is a part of the text itself unless it has escapes.
func (s *Scanner) String() string {
	inner, escaped := s.stringText()
	if !escaped || s.err != nil {
		return inner
	}
	return s.unescape(inner)
}

// skipString reads a string for which there is no use. Its escapes are checked without being resolved.
func (s *Scanner) skipString() {
	if inner, escaped := s.stringText(); escaped && s.err == nil {
		s.checkEscapes(inner)
	}
}

// stringText reads a string and returns what is between the quotes, and whether there are escapes in it.
func (s *Scanner) stringText() (inner string, escaped bool) {
	if !s.next('"', "a string") {
		return "", false
	}
	start, wide := s.pos, false
	for i := start; ; i++ {
		if i = plain(s.text, i); i >= len(s.text) {
			s.failAt(len(s.text), "unexpected end of a string")
			return "", false
		}
		switch c := s.text[i]; {
		case c == '"':
			inner = s.text[start:i]
			if wide && !utf8.ValidString(inner) {
				s.failAt(start, "string is not valid UTF-8")
				return "", false
			}
			s.pos = i + 1
			return inner, escaped
		case c == '\\':
			escaped = true
			i++ // an escaped quote does not end the string
		case c < ' ':
			s.failAt(i, "unescaped control character in a string")
			return "", false
		default:
			wide = true
		}
	}
}

// plain returns the index, from i on, of the first byte that is not printable ASCII standing for itself, or one not far before
// it. It looks at eight bytes at a time: most of what there is to read is inside strings.
func plain(text string, i int) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(text); i += 8 {
		t := text[i : i+8]
		x := uint64(t[0]) | uint64(t[1])<<8 | uint64(t[2])<<16 | uint64(t[3])<<24 |
			uint64(t[4])<<32 | uint64(t[5])<<40 | uint64(t[6])<<48 | uint64(t[7])<<56
		// A top bit is set for each byte that is zero, or is less than a space, or has it set already; at times for its
		// neighbour too, which the loop below sorts out.
		quote, slash := x^('"'*ones), x^('\\'*ones)
		if ((quote-ones)|(slash-ones)|(x-' '*ones)|x)&tops != 0 {
			break
		}
	}
	for i < len(text) && text[i] >= ' ' && text[i] < utf8.RuneSelf && text[i] != '"' && text[i] != '\\' {
		i++
	}
	return i
}

func (s *Scanner) unescape(inner string) string {
	var b strings.Builder
	b.Grow(len(inner))
	for {
		i := strings.IndexByte(inner, '\\')
		if i < 0 {
			b.WriteString(inner)
			return b.String()
		}
		b.WriteString(inner[:i])
		r, size := unescape(inner[i:])
		if size == 0 {
			s.Fail("invalid escape in a string")
			return ""
		}
		b.WriteRune(r)
		inner = inner[i+size:]
	}
}

func (s *Scanner) checkEscapes(inner string) {
	for i := strings.IndexByte(inner, '\\'); i >= 0; i = strings.IndexByte(inner, '\\') {
		_, size := unescape(inner[i:])
		if size == 0 {
			s.Fail("invalid escape in a string")
			return
		}
		inner = inner[i+size:]
	}
}

// unescape resolves the escape at the beginning of text and returns the number of bytes it takes, 0 if it is none.
func unescape(text string) (rune, int) {
	if len(text) < 2 {
		return 0, 0
	}
	switch c := text[1]; c {
	case '"', '\\', '/':
		return rune(c), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	case 'u':
		r, ok := hex4(text[2:])
		if !ok {
			return 0, 0
		}
		if !utf16.IsSurrogate(r) {
			return r, 6
		}
		if len(text) < 12 || text[6] != '\\' || text[7] != 'u' {
			return 0, 0
		}
		low, ok := hex4(text[8:])
		if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
			return 0, 0
		}
		return r, 12
	}
	return 0, 0
}

func hex4(text string) (rune, bool) {
	if len(text) < 4 {
		return 0, false
	}
	var r rune
	for i := range 4 {
		switch c := text[i]; {
		case c-'0' <= 9:
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// AppendBase64 reads a string of base64 and appends what it encodes to dst. It looks at the characters once, as it decodes
// them: a batch of stream records is little else.
func (s *Scanner) AppendBase64(dst []byte) []byte {
	if s.Kind() != String {
		s.unexpected("a string")
		return dst
	}
	start := s.pos
	if n := strings.IndexByte(s.text[start+1:], '"'); n >= 0 {
		if decoded, ok := appendBase64(dst, s.text[start+1:start+1+n]); ok {
			s.pos += n + 2
			return decoded
		}
	}
	// Not base64 as it stands: it may be once its escapes are resolved, as some encoders write a slash with one.
	decoded, ok := appendBase64(dst, s.String())
	if !ok {
		s.failAt(start, "string is not base64")
		return dst
	}
	return decoded
}

func appendBase64(dst []byte, text string) ([]byte, bool) {
	// The decoder leaves line breaks out, which JSON does not allow in a string.
	if strings.IndexByte(text, '\n') >= 0 || strings.IndexByte(text, '\r') >= 0 {
		return dst, false
	}
	n := len(dst)
	if need := n + base64.StdEncoding.DecodedLen(len(text)); cap(dst) < need {
		dst = append(make([]byte, 0, need), dst...)
	}
	size, err := base64.StdEncoding.Decode(dst[n:cap(dst)], []byte(text))
	return dst[:n+size], err == nil
}

// AppendString appends text as a JSON string. What of it is not valid UTF-8 is replaced by U+FFFD.
func AppendString(dst []byte, text string) []byte {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		default:
			const digits = "0123456789abcdef"
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	return append(append(dst, text[start:]...), '"')
}
