// Package stage reads the configuration of a stage from the files that the
// Pulumi CLI keeps it in, for programs that run the stack without the CLI.
package stage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
)

// Load returns the project's name and the configuration of the stage name, by
// full key (`aws:region`), as the CLI would hand them to the program: the
// values of root/Pulumi.<name>.yaml over the defaults of root/Pulumi.yaml.
//
// It refuses, each with the key's name: a key of the project that Pulumi.yaml
// does not declare (the CLI lets that pass, and a misspelt key then has no
// effect), a secret, which only the CLI can decrypt, and a value that is not
// a plain one. All such keys are in one error.
func Load(root, name string) (project string, values map[string]string, err error) {
	definition, err := workspace.LoadProject(filepath.Join(root, "Pulumi.yaml"))
	if err != nil {
		return "", nil, err
	}
	project = definition.Name.String()

	file := filepath.Join(root, "Pulumi."+name+".yaml")
	if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
		return "", nil, fmt.Errorf("no stage %q: there is no %s; the stages are: %s",
			name, file, strings.Join(List(root), ", "))
	}
	stack, err := workspace.LoadProjectStack(nil, definition, file)
	if err != nil {
		return "", nil, fmt.Errorf("read %s: %w", file, err)
	}

	values = map[string]string{}
	declared := map[string]bool{}
	for key, kind := range definition.Config {
		if !strings.Contains(key, ":") {
			key = project + ":" + key
		}
		declared[key] = true
		// The defaults of other namespaces, such as a provider's, are called values.
		for _, fallback := range []any{kind.Default, kind.Value} {
			if fallback != nil {
				values[key] = fmt.Sprint(fallback)
			}
		}
	}
	var refused []string
	for key, value := range stack.Config {
		full := key.Namespace() + ":" + key.Name()
		switch {
		case value.Secure():
			refused = append(refused, full+": is a secret, which only the Pulumi CLI can decrypt")
		case value.Object():
			refused = append(refused, full+": is not a plain value")
		case key.Namespace() == project && !declared[full]:
			refused = append(refused, full+": is not a key of Pulumi.yaml")
		default:
			plain, err := value.Value(config.NopDecrypter)
			if err != nil {
				return "", nil, fmt.Errorf("read %s in %s: %w", full, file, err)
			}
			values[full] = plain
		}
	}
	if len(refused) > 0 {
		slices.Sort(refused)
		return "", nil, fmt.Errorf("%s:\n  %s", file, strings.Join(refused, "\n  "))
	}
	return project, values, nil
}

// List returns the names of the stages that have a configuration in root, in
// alphabetical order.
func List(root string) []string {
	// The pattern is a constant and well-formed, which is all Glob minds.
	files, _ := filepath.Glob(filepath.Join(root, "Pulumi.*.yaml"))
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(f), "Pulumi."), ".yaml")
	}
	return names
}
