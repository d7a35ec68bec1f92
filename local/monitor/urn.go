package monitor

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
)

// urnOf names a resource as Pulumi does: by the types of its parents, its own type and its name.
func urnOf(project, stage string, parent resource.URN, typ, name string) resource.URN {
	var parentType tokens.Type
	if parent != "" && parent.QualifiedType() != resource.RootStackType {
		parentType = parent.QualifiedType()
	}
	return resource.NewURN(tokens.QName(stage), tokens.PackageName(project), parentType, tokens.Type(typ), name)
}
