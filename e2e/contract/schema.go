package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// schema is a JSON Schema of the keywords that the description uses. Any other is refused: a keyword that is not checked would
// promise what nobody holds.
type schema struct {
	Ref                  string             `json:"$ref"`
	Type                 string             `json:"type"`
	Const                json.RawMessage    `json:"const"`
	Enum                 []string           `json:"enum"`
	Pattern              string             `json:"pattern"`
	MinLength            *int               `json:"minLength"`
	MaxLength            *int               `json:"maxLength"`
	Minimum              *json.Number       `json:"minimum"`
	Maximum              *json.Number       `json:"maximum"`
	MinItems             *int               `json:"minItems"`
	MaxItems             *int               `json:"maxItems"`
	Items                *schema            `json:"items"`
	Properties           map[string]*schema `json:"properties"`
	Required             []string           `json:"required"`
	AdditionalProperties *bool              `json:"additionalProperties"`
	// For readers only.
	Description string            `json:"description"`
	Examples    []json.RawMessage `json:"examples"`
}

// UnmarshalJSON refuses keywords that schema does not have.
func (s *schema) UnmarshalJSON(text []byte) error {
	type plain schema
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode((*plain)(s))
}

// check makes sure that a schema can be used, and everything in it.
func (c *Contract) check(s *schema) error {
	if s == nil {
		return errors.New("there is no schema")
	}
	if s.Ref != "" {
		if _, ok := c.components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]; !ok {
			return fmt.Errorf("there is no %s", s.Ref)
		}
		return nil
	}
	if _, err := regexp.Compile(s.Pattern); err != nil {
		return err
	}
	for _, required := range s.Required {
		if s.Properties[required] == nil {
			return fmt.Errorf("%s is required and not described", required)
		}
	}
	switch s.Type {
	case "string", "integer", "boolean":
		return nil
	case "array":
		return c.check(s.Items)
	case "object":
		if s.AdditionalProperties == nil || *s.AdditionalProperties {
			return errors.New("additionalProperties must be false: what is not described is not answered")
		}
		for name, property := range s.Properties {
			if err := c.check(property); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	}
	return fmt.Errorf("type %q is not known", s.Type)
}

// validate holds a value to a schema; at says where the value is.
func (c *Contract) validate(at string, s *schema, value any) error {
	if s.Ref != "" {
		s = c.components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
	}
	wrong := func(format string, args ...any) error { return fmt.Errorf(at+": "+format, args...) }
	if s.Const != nil {
		text, err := json.Marshal(value)
		if err != nil || !bytes.Equal(text, s.Const) {
			return wrong("is %s, want %s", text, s.Const)
		}
	}
	switch v := value.(type) {
	case string:
		n := utf8.RuneCountInString(v)
		switch {
		case s.Type != "string":
			return wrong("is a string, want %s", s.Type)
		case s.Enum != nil && !slices.Contains(s.Enum, v):
			return wrong("is %q, want one of %q", v, s.Enum)
		case s.MinLength != nil && n < *s.MinLength, s.MaxLength != nil && n > *s.MaxLength:
			return wrong("has %d characters", n)
		case !regexp.MustCompile(s.Pattern).MatchString(v):
			return wrong("is %q, want %s", v, s.Pattern)
		}
	case json.Number:
		n, ok := new(big.Int).SetString(v.String(), 10)
		if s.Type != "integer" || !ok {
			return wrong("is %s, want %s", v, s.Type)
		}
		for sign, limit := range map[int]*json.Number{-1: s.Minimum, 1: s.Maximum} {
			if limit == nil {
				continue
			}
			if l, ok := new(big.Int).SetString(limit.String(), 10); !ok || n.Cmp(l) == sign {
				return wrong("is %s, beyond %s", v, *limit)
			}
		}
	case bool:
		if s.Type != "boolean" {
			return wrong("is a boolean, want %s", s.Type)
		}
	case []any:
		if s.Type != "array" {
			return wrong("is an array, want %s", s.Type)
		}
		if s.MinItems != nil && len(v) < *s.MinItems || s.MaxItems != nil && len(v) > *s.MaxItems {
			return wrong("has %d items", len(v))
		}
		for i, item := range v {
			if err := c.validate(fmt.Sprintf("%s[%d]", at, i), s.Items, item); err != nil {
				return err
			}
		}
	case map[string]any:
		if s.Type != "object" {
			return wrong("is an object, want %s", s.Type)
		}
		for _, required := range s.Required {
			if _, ok := v[required]; !ok {
				return wrong("has no %s", required)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(v)) {
			property := s.Properties[name]
			if property == nil {
				return wrong("has %s, which is not described", name)
			}
			if err := c.validate(at+"."+name, property, v[name]); err != nil {
				return err
			}
		}
	default:
		return wrong("is %v, want %s", v, s.Type)
	}
	return nil
}
