package expression

import (
	"fmt"
	"strings"
)

type tokenKind uint8

const (
	tokenEnd        tokenKind = iota
	tokenName                 // an attribute, a function or a keyword
	tokenNameRef              // #name
	tokenValueRef             // :value
	tokenIndex                // digits
	tokenPunctuator           // everything else, one or two characters
)

type token struct {
	kind       tokenKind
	start, end int // of the text in the expression
}

// lexer splits an expression into tokens. It does not fail: characters that mean nothing become tokens that no rule accepts.
type lexer struct {
	text   string
	tokens []token
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isWord(c byte) bool   { return isLetter(c) || isDigit(c) || c == '_' }
func isSpace(c byte) bool  { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

func lex(text string) []token {
	l := lexer{text: text}
	for i := 0; i < len(text); {
		if isSpace(text[i]) {
			i++
			continue
		}
		i = l.token(i)
	}
	return append(l.tokens, token{tokenEnd, len(text), len(text)})
}

func (l *lexer) token(start int) (end int) {
	kind := tokenPunctuator
	end = start + 1
	switch c := l.text[start]; {
	case isLetter(c):
		kind, end = tokenName, l.while(end, isWord)
	case c == '0':
		kind = tokenIndex // no number goes on behind a leading zero
	case isDigit(c):
		kind, end = tokenIndex, l.while(end, isDigit)
	case c == '#' || c == ':':
		if end = l.while(end, isWord); end > start+1 {
			kind = tokenNameRef
			if c == ':' {
				kind = tokenValueRef
			}
		}
	case c == '<' || c == '>':
		if rest := l.text[end:]; strings.HasPrefix(rest, "=") || c == '<' && strings.HasPrefix(rest, ">") {
			end++
		}
	}
	l.tokens = append(l.tokens, token{kind, start, end})
	return end
}

func (l *lexer) while(i int, is func(byte) bool) int {
	for i < len(l.text) && is(l.text[i]) {
		i++
	}
	return i
}

// Error is what is wrong with an expression, in the words of DynamoDB without the name of the parameter.
type Error struct{ Text string }

func (e *Error) Error() string { return e.Text }

func errorf(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }
