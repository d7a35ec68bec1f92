package stack

import (
	"fmt"
	"strings"
)

// argument is one field of an Args struct and whether it was given.
type argument struct {
	name  string
	given bool
}

// require names every field of args that the component cannot do without and
// that was not given.
func require(component, name string, arguments ...argument) error {
	var missing []string
	for _, a := range arguments {
		if !a.given {
			missing = append(missing, "["+a.name+"]")
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("%s %q: required and not given: %s", component, name, strings.Join(missing, ", "))
}
