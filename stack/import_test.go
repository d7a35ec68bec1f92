package stack_test

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// imports returns what the Go files of a folder import, tests left out.
func imports(t *testing.T, folder string) map[string][]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	list := map[string][]string{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range parsed.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			list[path] = append(list[path], filepath.Base(file))
		}
	}
	if len(list) == 0 {
		t.Fatalf("no imports in %s", folder)
	}
	return list
}

func TestStackImportsNothingItDeploysOrRunsOn(t *testing.T) {
	forbidden := map[string]string{
		"transactional-outbox/handlers": "what is deployed is built from its folder, not linked into the program",
		"transactional-outbox/local":    "the program must not know whether it runs on the desk",
		"transactional-outbox/ops":      "operators work on a stage that exists",
		"transactional-outbox/e2e":      "the suite looks at a stage from outside",
		"github.com/aws/aws-sdk-go-v2":  "only the provider talks to AWS",
	}
	for _, folder := range []string{".", "stage"} {
		for path, files := range imports(t, folder) {
			for prefix, reason := range forbidden {
				if path == prefix || strings.HasPrefix(path, prefix+"/") {
					t.Errorf("%v in %s imports %s: %s", files, folder, path, reason)
				}
			}
		}
	}
}

func TestMainOnlyRunsTheStack(t *testing.T) {
	allowed := []string{"transactional-outbox/stack", "github.com/pulumi/pulumi/sdk/v3/go/pulumi"}
	for path, files := range imports(t, root) {
		if !slices.Contains(allowed, path) {
			t.Errorf("%v imports %s: whatever is deployed must also be deployed on the desk, which runs the stack alone",
				files, path)
		}
	}
}
