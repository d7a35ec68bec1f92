package stack

import (
	"maps"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// tagged is tags and the name of the component that the tagged resources make
// up. A component inside another keeps the name of the outer one: that is the
// one an operator or a bill looks for.
func tagged(tags pulumi.StringMap, component string) pulumi.StringMap {
	own := maps.Clone(tags)
	if own == nil {
		own = pulumi.StringMap{}
	}
	if _, ok := own["component"]; !ok {
		own["component"] = pulumi.String(component)
	}
	return own
}
