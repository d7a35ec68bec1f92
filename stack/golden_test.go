package stack_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

var update = flag.Bool("update", false, "rewrite testdata/*.golden")

// The golden files pin every logical name, input, parent and protection: a
// change of any of them is a change of deployed resources and must be seen.
func TestDeployDeclaresTheGraphOfTheGoldenFile(t *testing.T) {
	for _, name := range stages(t) {
		t.Run(name, func(t *testing.T) {
			r, outputs := deploy(t, name, nil)
			got := render(r, outputs)
			file := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
				t.Errorf("graph (-want +got), accept it with -update:\n%s", diff)
			}
		})
	}
}

// render writes the graph for people to read.
func render(r *recorder, outputs map[string]any) string {
	var b strings.Builder
	for _, res := range r.sorted() {
		fmt.Fprintf(&b, "%s %s\n", res.kind, res.name)
		if res.parent.QualifiedType() != resource.RootStackType {
			fmt.Fprintf(&b, "  (parent) %s\n", res.parent.Name())
		}
		if res.protect {
			b.WriteString("  (protect)\n")
		}
		for _, hook := range res.before {
			fmt.Fprintf(&b, "  (before it is created: %s)\n", hook)
		}
		if len(res.after) > 0 {
			fmt.Fprintf(&b, "  (dependsOn) %s\n", strings.Join(res.after, ", "))
		}
		renderValue(&b, "", resource.NewProperty(res.inputs))
		b.WriteString("\n")
	}
	b.WriteString("outputs\n")
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		text, _ := json.Marshal(outputs[name])
		fmt.Fprintf(&b, "  %s: %s\n", name, text)
	}
	return b.String()
}

// renderValue writes a value, objects and arrays as one line per member.
func renderValue(b *strings.Builder, path string, value resource.PropertyValue) {
	switch {
	case value.IsObject():
		for _, key := range value.ObjectValue().StableKeys() {
			member := string(key)
			if path != "" {
				member = path + "." + member
			}
			renderValue(b, member, value.ObjectValue()[key])
		}
	case value.IsArray():
		for i, element := range value.ArrayValue() {
			renderValue(b, fmt.Sprintf("%s[%d]", path, i), element)
		}
	case value.IsArchive():
		fmt.Fprintf(b, "  %s: archive %s\n", path, value.ArchiveValue().Path)
	case value.IsString() && strings.HasPrefix(value.StringValue(), "{\""):
		var indented bytes.Buffer
		if json.Indent(&indented, []byte(value.StringValue()), "    ", "  ") != nil {
			indented.WriteString(value.StringValue())
		}
		fmt.Fprintf(b, "  %s: %s\n", path, &indented)
	default:
		text, _ := json.Marshal(value.Mappable())
		fmt.Fprintf(b, "  %s: %s\n", path, text)
	}
}
