package faults

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxDelay keeps a delay from being mistaken for a loss.
const maxDelay = 10 * time.Second

// maxReshard keeps the shards of a stream few enough to be read on one machine.
const maxReshard = 100

// Names are the keys that [Parse] knows, in the order in which [Mix.String] shows them.
const Names = "duplicate, reorder, delay, lose, crash, throttle, fail, timeout, expire, reshard"

// Parse reads a mix such as "duplicate=0.05,reorder=0.2,delay=50ms,reshard=2"; what it does not name does not go wrong, and "none"
// means that nothing does. The error tells of every mistake.
func Parse(text string) (Mix, error) {
	var m Mix
	if strings.TrimSpace(text) == "none" {
		return m, nil
	}
	var mistakes []error
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case !ok:
			mistakes = append(mistakes, fmt.Errorf("%q is not of the form name=value", strings.TrimSpace(part)))
			continue
		case seen[name]:
			mistakes = append(mistakes, fmt.Errorf("%s is there twice", name))
			continue
		}
		seen[name] = true
		if err := m.set(name, value); err != nil {
			mistakes = append(mistakes, err)
		}
	}
	return m, errors.Join(mistakes...)
}

func (m *Mix) set(name, value string) error {
	switch name {
	case "delay":
		d, err := time.ParseDuration(value)
		if err != nil || d < 0 || d > maxDelay {
			return fmt.Errorf("delay=%s: must be a duration from 0s to %v, such as 50ms", value, maxDelay)
		}
		m.Delay = d
	case "reshard":
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 || n > maxReshard {
			return fmt.Errorf("reshard=%s: must be a whole number from 0 to %d", value, maxReshard)
		}
		m.Reshard = n
	default:
		p := m.probability(name)
		if p == nil {
			return fmt.Errorf("%s is not known; known are %s", name, Names)
		}
		f, err := strconv.ParseFloat(value, 64)
		if err != nil || !(f >= 0 && f <= 1) {
			return fmt.Errorf("%s=%s: must be a probability from 0 to 1", name, value)
		}
		*p = f
	}
	return nil
}

func (m *Mix) probability(name string) *float64 {
	switch name {
	case "duplicate":
		return &m.Duplicate
	case "reorder":
		return &m.Reorder
	case "lose":
		return &m.Lose
	case "crash":
		return &m.Crash
	case "throttle":
		return &m.Throttle
	case "fail":
		return &m.Fail
	case "timeout":
		return &m.Timeout
	case "expire":
		return &m.Expire
	}
	return nil
}

// String writes the mix in the form that [Parse] reads.
func (m Mix) String() string {
	var parts []string
	for name := range strings.SplitSeq(Names, ", ") {
		switch {
		case name == "delay" && m.Delay > 0:
			parts = append(parts, "delay="+m.Delay.String())
		case name == "reshard" && m.Reshard > 0:
			parts = append(parts, "reshard="+strconv.Itoa(m.Reshard))
		case m.probability(name) != nil && *m.probability(name) > 0:
			parts = append(parts, name+"="+strconv.FormatFloat(*m.probability(name), 'g', -1, 64))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ",")
}
