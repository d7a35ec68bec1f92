package iam

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// patterns is a list of wildcard patterns, or with not all but them.
type patterns struct {
	all    []string
	not    bool
	folded bool // matched without regard to case, as actions are
}

func newPatterns(name string, list []string, notName string, notList []string) (patterns, error) {
	switch {
	case list != nil && notList != nil:
		return patterns{}, fmt.Errorf("%s and %s exclude each other", name, notName)
	case len(list) > 0:
		return patterns{all: list}, nil
	case len(notList) > 0:
		return patterns{all: notList, not: true}, nil
	}
	return patterns{}, fmt.Errorf("%s or %s is missing", name, notName)
}

// fold makes the patterns match without regard to case.
func (p *patterns) fold() {
	p.folded = true
	for i, a := range p.all {
		p.all[i] = strings.ToLower(a)
	}
}

func (p *patterns) match(s string) bool {
	if p.folded {
		s = strings.ToLower(s)
	}
	for _, pattern := range p.all {
		if wildcard(pattern, s) {
			return !p.not
		}
	}
	return p.not
}

// wildcard matches * to any text and ? to any one byte. It is linear in practice: a * is only ever tried again from the latest one on.
func wildcard(pattern, s string) bool {
	p, i := 0, 0
	star, retry := -1, 0
	for i < len(s) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, retry = p, i
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == s[i]):
			p++
			i++
		case star >= 0:
			retry++
			p, i = star+1, retry
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// arnLike matches ARNs: each of the six parts by itself, so that a * does not reach over a colon, but for those of the last part.
func arnLike(pattern, arn string) bool {
	for range 5 {
		patternPart, patternRest, ok := strings.Cut(pattern, ":")
		part, rest, ok2 := strings.Cut(arn, ":")
		if !ok || !ok2 || !wildcard(patternPart, part) {
			return false
		}
		pattern, arn = patternRest, rest
	}
	return wildcard(pattern, arn)
}

// principals is who a statement is about.
type principals struct {
	anyone   bool
	services []string
	arns     []string
}

func newPrincipals(raw jsontext.Value) (principals, error) {
	switch raw.Kind() {
	case '"':
		if string(raw) != `"*"` {
			return principals{}, fmt.Errorf("the Principal is * or an object, not %s", raw)
		}
		return principals{anyone: true}, nil
	case '{':
	default:
		return principals{}, fmt.Errorf("the Principal is missing")
	}
	var byType map[string]oneOrMore[string]
	if err := json.Unmarshal(raw, &byType); err != nil {
		return principals{}, fmt.Errorf("the Principal is not an object of strings and lists")
	}
	var p principals
	for kind, list := range byType {
		switch kind {
		case "Service":
			p.services = append(p.services, list...)
		case "AWS":
			for _, arn := range list {
				switch {
				case arn == "*":
					p.anyone = true
				case strings.HasPrefix(arn, "arn:"):
					p.arns = append(p.arns, arn)
				case len(arn) == 12:
					p.arns = append(p.arns, "arn:aws:iam::"+arn+":root")
				default:
					return principals{}, fmt.Errorf("the principal %q is neither an ARN nor an account id", arn)
				}
			}
		default:
			return principals{}, fmt.Errorf("principals of type %s are not supported", kind)
		}
	}
	return p, nil
}

func (p *principals) match(who Principal) bool {
	if p.anyone {
		return true
	}
	if who.Service != "" {
		for _, s := range p.services {
			if s == who.Service {
				return true
			}
		}
		return false
	}
	for _, arn := range p.arns {
		// The root of an account stands for everybody in it.
		account, root := strings.CutSuffix(arn, ":root")
		if arn == who.ARN || root && accountOf(account+":") == accountOf(who.ARN) && who.ARN != "" {
			return true
		}
	}
	return false
}

// accountOf returns the account id of an ARN, its fifth part.
func accountOf(arn string) string {
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) < 5 {
		return ""
	}
	return parts[4]
}
