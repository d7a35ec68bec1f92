package conformance

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// Script is a file of requests with the answers of a witness. Its lines are
//
//	# comment
//	PutItem {"TableName":"t", ...}        a request: operation and JSON, or
//	[id] PutItem {"TableName":"t", ...}   a request whose answers docs/conformance.md lists as different
//	! CreateTable {"TableName":"t", ...}  a request that must succeed, and whose answer does not matter
//	? DescribeStreamSummary {"StreamName":"s"} StreamDescriptionSummary.StreamStatus ACTIVE
//	                                      a request that is repeated until its answer has the value there
//	> NAME member.0.member                keeps a value of the last answer for later requests, as ${NAME}
//	< 200 {...}                           the recorded answer, as View words it
//
// In a request, @repeat(5,a)@ stands for aaaaa, and @list(1,3,{"N":"#"})@ for the list of what is in it with # counting from 1 to 3.
type Script struct {
	Path  string
	Steps []Step
	lines []string
}

// Step is one request.
type Step struct {
	Line       int // in the file, from 1
	Difference string
	Setup      bool // only success matters
	Until      Keep // where and what the answer must be in the end, instead of being compared
	Operation  string
	Request    string
	Keep       []Keep
	Recorded   string // without the mark
}

// Keep names a value of an answer, or with Until tells it.
type Keep struct{ Name, Path string }

var waitLine = regexp.MustCompile(`^\? ([A-Za-z.]+) (.+}) (\S+) (\S+)$`)

var requestLine = regexp.MustCompile(`^(?:\[([a-z0-9-]+)\] |(! ))?([A-Za-z.]+) (.+)$`)

// Load reads a script.
func Load(path string) (*Script, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s := &Script{Path: path, lines: strings.Split(strings.TrimRight(string(text), "\n"), "\n")}
	for i, line := range s.lines {
		last := len(s.Steps) - 1
		switch {
		case line == "" || line[0] == '#':
		case strings.HasPrefix(line, "< ") && last >= 0:
			s.Steps[last].Recorded = line[2:]
		case strings.HasPrefix(line, "> ") && last >= 0:
			name, member, ok := strings.Cut(line[2:], " ")
			if !ok {
				return nil, fmt.Errorf("%s:%d: > NAME PATH expected", path, i+1)
			}
			s.Steps[last].Keep = append(s.Steps[last].Keep, Keep{name, member})
		case strings.HasPrefix(line, "? "):
			parts := waitLine.FindStringSubmatch(line)
			if parts == nil {
				return nil, fmt.Errorf("%s:%d: ? OPERATION JSON PATH VALUE expected", path, i+1)
			}
			s.Steps = append(s.Steps, Step{Line: i + 1, Operation: parts[1], Request: parts[2], Until: Keep{parts[4], parts[3]}})
		default:
			parts := requestLine.FindStringSubmatch(line)
			if parts == nil {
				return nil, fmt.Errorf("%s:%d: not a line of a script: %s", path, i+1, line)
			}
			s.Steps = append(s.Steps, Step{Line: i + 1, Difference: parts[1], Setup: parts[2] != "", Operation: parts[3], Request: parts[4]})
		}
	}
	return s, nil
}

// Record writes the file anew with the answers and the differences of its steps.
func (s *Script) Record() error {
	var out []string
	next := 0
	for i, line := range s.lines {
		if strings.HasPrefix(line, "< ") {
			continue
		}
		if next == len(s.Steps) || s.Steps[next].Line != i+1 {
			out = append(out, line)
			continue
		}
		step := s.Steps[next]
		next++
		switch line = step.Operation + " " + step.Request; {
		case step.Until.Path != "":
			out = append(out, s.lines[i])
		case step.Setup:
			out = append(out, "! "+line)
		case step.Difference != "":
			out = append(out, "["+step.Difference+"] "+line, "< "+step.Recorded)
		default:
			out = append(out, line, "< "+step.Recorded)
		}
	}
	return os.WriteFile(s.Path, []byte(strings.Join(out, "\n")+"\n"), 0o644)
}

var (
	repeated = regexp.MustCompile(`@repeat\((\d+),([^)]*)\)@`)
	listed   = regexp.MustCompile(`@list\((\d+),(\d+),(.*?)\)@`)
	variable = regexp.MustCompile(`\$\{([A-Z0-9]+)\}`)
)

// expand fills in what stands for something else in a request.
func expand(request string, kept map[string]string) string {
	request = repeated.ReplaceAllStringFunc(request, func(macro string) string {
		parts := repeated.FindStringSubmatch(macro)
		return strings.Repeat(parts[2], number(parts[1]))
	})
	request = listed.ReplaceAllStringFunc(request, func(macro string) string {
		parts := listed.FindStringSubmatch(macro)
		from, to := number(parts[1]), number(parts[2])
		var out []string
		for i := from; i <= to; i++ {
			out = append(out, strings.ReplaceAll(parts[3], "#", strconv.Itoa(i)))
		}
		return strings.Join(out, ",")
	})
	return variable.ReplaceAllStringFunc(request, func(name string) string { return kept[name[2:len(name)-1]] })
}

// number reads digits that a pattern has matched.
func number(digits string) int {
	n, _ := strconv.Atoi(digits)
	return n
}
