package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// block is one fenced block of shell commands, or a comment that stands for itself.
type block struct {
	line   int
	do     verb
	detail string // what serve waits for, or why a block is skipped
	script string
}

func (b block) String() string { return fmt.Sprintf("line %d (%s)", b.line, b.do) }

// verb is what is to be done with a block.
type verb string

const (
	run   verb = "run"   // run it to its end, which must be success
	test  verb = "test"  // the test command: run by the test step, not with the rest
	serve verb = "serve" // start it, go on when it has said the detail, and interrupt it at the next stop
	stop  verb = "stop"  // end what is being served; belongs to no block
	skip  verb = "skip"  // never run it; the detail says why
)

var marker = regexp.MustCompile(`^<!-- ci: (\w+)(?:: (.+?))? -->$`)

// shells are fence languages that must not be used for commands, so that none escapes the check.
var shells = []string{"bash", "shell", "zsh", "console", "terminal", "sh-session", ""}

// parse finds the blocks of a document, in order. Every block of commands needs a marker in the line before it, and
// every mistake is reported.
func parse(document string) ([]block, error) {
	var blocks []block
	var mistakes []error
	mistake := func(line int, format string, args ...any) {
		mistakes = append(mistakes, fmt.Errorf("line %d: %s", line, fmt.Sprintf(format, args...)))
	}
	lines := strings.Split(document, "\n")
	var pending *block
	for i := 0; i < len(lines); i++ {
		number, line := i+1, strings.TrimSpace(lines[i])
		if strings.HasPrefix(line, "<!-- ci:") {
			if pending != nil {
				mistake(pending.line, "no ```sh block follows")
			}
			var err error
			if pending, err = parseMarker(number, line); err != nil {
				mistake(number, "%v", err)
			} else if pending.do == stop {
				blocks = append(blocks, *pending)
				pending = nil
			}
			continue
		}
		language, isFence := strings.CutPrefix(line, "```")
		if !isFence {
			if pending != nil {
				mistake(pending.line, "no ```sh block follows")
				pending = nil
			}
			continue
		}
		indent := lines[i][:strings.Index(lines[i], "```")]
		var script strings.Builder
		for i++; i < len(lines) && strings.TrimSpace(lines[i]) != "```"; i++ {
			script.WriteString(strings.TrimPrefix(lines[i], indent) + "\n")
		}
		if i == len(lines) {
			mistake(number, "the block has no end")
		}
		switch {
		case language != "sh":
			for _, shell := range shells {
				if language == shell {
					mistake(number, "a block of commands is ```sh, any other names its language; this one is ```%s", language)
				}
			}
			if pending != nil {
				mistake(pending.line, "no ```sh block follows")
			}
		case pending == nil:
			mistake(number, "a ```sh block needs a line <!-- ci: … --> before it")
		default:
			pending.script = script.String()
			blocks = append(blocks, *pending)
		}
		pending = nil
	}
	if pending != nil {
		mistake(pending.line, "no ```sh block follows")
	}
	return blocks, errors.Join(mistakes...)
}

func parseMarker(number int, line string) (*block, error) {
	parts := marker.FindStringSubmatch(line)
	if parts == nil {
		return nil, fmt.Errorf("%s is not <!-- ci: VERB --> or <!-- ci: VERB: DETAIL -->", line)
	}
	b := &block{line: number, do: verb(parts[1]), detail: parts[2]}
	switch b.do {
	case run, test, stop:
		if b.detail != "" {
			return nil, fmt.Errorf("%s takes no detail", b.do)
		}
	case serve:
		if b.detail == "" {
			return nil, errors.New("serve needs what to wait for, as in <!-- ci: serve: listening on -->")
		}
	case skip:
		if b.detail == "" {
			return nil, errors.New("skip needs the reason, as in <!-- ci: skip: needs an AWS account -->")
		}
	default:
		return nil, fmt.Errorf("%s is none of run, test, serve, stop, skip", b.do)
	}
	return b, nil
}
