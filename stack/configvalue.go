package stack

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// allowed says which whole numbers a key takes, in words and as a check.
type allowed struct {
	words string
	takes func(int) bool
}

func between(low, high int) allowed {
	return allowed{
		words: fmt.Sprintf("%d to %d", low, high),
		takes: func(n int) bool { return low <= n && n <= high },
	}
}

func oneOf(values ...int) allowed {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = strconv.Itoa(v)
	}
	return allowed{
		words: "one of " + strings.Join(words, ", "),
		takes: func(n int) bool { return slices.Contains(values, n) },
	}
}

func orNone(none int, rest allowed) allowed {
	return allowed{
		words: fmt.Sprintf("%d or %s", none, rest.words),
		takes: func(n int) bool { return n == none || rest.takes(n) },
	}
}

func integer(name string, fallback int, values allowed, meaning string, set func(*Config, int)) key {
	return key{
		ConfigKey: ConfigKey{
			Name: name, Type: "integer", Default: strconv.Itoa(fallback), Rule: values.words, Meaning: meaning,
		},
		set: func(c *Config, value string) error {
			n, err := strconv.Atoi(value)
			if err != nil {
				return fmt.Errorf("it must be a whole number, %s", values.words)
			}
			if !values.takes(n) {
				return fmt.Errorf("it must be %s", values.words)
			}
			set(c, n)
			return nil
		},
	}
}

func boolean(name string, fallback bool, meaning string, set func(*Config, bool)) key {
	return key{
		ConfigKey: ConfigKey{
			Name: name, Type: "boolean", Default: strconv.FormatBool(fallback), Rule: "true or false", Meaning: meaning,
		},
		set: func(c *Config, value string) error {
			if value != "true" && value != "false" {
				return errors.New("it must be true or false")
			}
			set(c, value == "true")
			return nil
		},
	}
}

// text is a key whose value may be empty; check judges any other.
func text(name, rule string, check func(string) error, meaning string, set func(*Config, string)) key {
	return key{
		ConfigKey: ConfigKey{Name: name, Type: "string", Rule: rule, Meaning: meaning},
		set: func(c *Config, value string) error {
			if value != "" {
				if err := check(value); err != nil {
					return err
				}
			}
			set(c, value)
			return nil
		},
	}
}

// list is a key with any number of values, separated by commas; check judges
// each and may be nil.
func list(name, rule string, check func(string) error, meaning string, set func(*Config, []string)) key {
	return text(name, rule, func(value string) error {
		for _, v := range fields(value) {
			if v == "" {
				return errors.New("there is nothing between two commas")
			}
			if check == nil {
				continue
			}
			if err := check(v); err != nil {
				return err
			}
		}
		return nil
	}, meaning, func(c *Config, value string) { set(c, fields(value)) })
}

// fields are the values between commas; none if there is nothing.
func fields(value string) []string {
	if value == "" {
		return nil
	}
	values := strings.Split(value, ",")
	for i := range values {
		values[i] = strings.TrimSpace(values[i])
	}
	return values
}

func choice[T ~string](name string, fallback T, values []T, meaning string, set func(*Config, T)) key {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = string(v)
	}
	rule := strings.Join(words, " or ")
	if len(words) > 2 {
		rule = strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
	}
	return key{
		ConfigKey: ConfigKey{Name: name, Type: "string", Default: string(fallback), Rule: rule, Meaning: meaning},
		set: func(c *Config, value string) error {
			if !slices.Contains(values, T(value)) {
				return fmt.Errorf("it must be %s", rule)
			}
			set(c, T(value))
			return nil
		},
	}
}
