package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// A printer writes what a command found, for people or for machines. Several goroutines may use it.
type printer struct {
	out  io.Writer
	json bool

	mu      sync.Mutex
	failure error
}

// A line is something that can be told either way. Its JSON has a member kind.
type line interface{ text() string }

// print writes a line: its text, or its JSON on one line.
func (p *printer) print(l line) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failure != nil {
		return
	}
	if !p.json {
		_, p.failure = io.WriteString(p.out, strings.TrimSuffix(l.text(), "\n")+"\n")
		return
	}
	text, err := json.Marshal(l)
	if err == nil {
		_, err = p.out.Write(append(text, '\n'))
	}
	p.failure = err
}

func (p *printer) err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.failure
}

// ago writes a duration as people say it, with at most two units.
func ago(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < 0:
		return "0s"
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return fmt.Sprintf("%dm%ds", d/time.Minute, d%time.Minute/time.Second)
	case d < 2*day:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd%dh", d/day, d%day/time.Hour)
}

// count writes a number and its noun, plural but for one.
func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
