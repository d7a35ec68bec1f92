// Package lambdaenv is what a function finds around it when it starts: its environment, a log, and a DynamoDB client made of
// nothing but what Lambda provides.
package lambdaenv

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

// An Environment reads variables and remembers everything that is wrong with them, so that it can be told in one go.
type Environment struct {
	lookup   func(string) (string, bool)
	problems []string
}

// Read returns an environment; lookup is os.LookupEnv but in tests.
func Read(lookup func(string) (string, bool)) *Environment { return &Environment{lookup: lookup} }

// Text returns a variable that must be there and not be empty.
func (e *Environment) Text(name string) string {
	value, _ := e.lookup(name)
	if value == "" {
		e.problem(name, "is missing")
	}
	return value
}

// Optional returns a variable, or the empty string.
func (e *Environment) Optional(name string) string {
	value, _ := e.lookup(name)
	return value
}

// Duration returns a variable that must be a duration of at least low, in Go's notation, like 720h.
func (e *Environment) Duration(name string, low time.Duration) time.Duration {
	value := e.Text(name)
	if value == "" {
		return 0
	}
	d, err := time.ParseDuration(value)
	switch {
	case err != nil:
		e.problem(name, fmt.Sprintf("is %q, want a duration like 720h", value))
	case d < low:
		e.problem(name, fmt.Sprintf("is %s, want at least %s", value, low))
	}
	return d
}

// URL returns a variable that must be an absolute URL if it is there.
func (e *Environment) URL(name string) string {
	value := e.Optional(name)
	if value == "" {
		return ""
	}
	if u, err := url.Parse(value); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		e.problem(name, fmt.Sprintf("is %q, want a URL like https://host", value))
	}
	return value
}

func (e *Environment) problem(name, what string) { e.problems = append(e.problems, name+" "+what) }

// Err names all variables that are missing or invalid, or is nil.
func (e *Environment) Err() error {
	if len(e.problems) == 0 {
		return nil
	}
	return fmt.Errorf("environment: %s", strings.Join(e.problems, ", "))
}
