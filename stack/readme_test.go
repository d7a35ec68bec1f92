package stack_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/stack"
)

// The table of the configuration keys stands between these two lines of the README.
const (
	tableBegins = "<!-- configuration: checked by a test -->\n"
	tableEnds   = "<!-- configuration: end -->\n"
)

// configurationTable is the table as the README has to have it.
func configurationTable() string {
	var b strings.Builder
	b.WriteString("\n| key | default | allowed | meaning |\n|---|---|---|---|\n")
	for _, key := range stack.ConfigReference() {
		standard := "`" + key.Default + "`"
		if key.Default == "" {
			standard = ""
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", key.Name, standard, key.Rule, key.Meaning)
	}
	b.WriteString("\n")
	return b.String()
}

// TestReadmeHasEveryConfigurationKey compares the README's table with the keys; -update writes it.
func TestReadmeHasEveryConfigurationKey(t *testing.T) {
	const readme = "../README.md"
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), tableBegins)
	if !ok {
		t.Fatalf("no line %q in %s", tableBegins, readme)
	}
	table, after, ok := strings.Cut(rest, tableEnds)
	if !ok {
		t.Fatalf("no line %q in %s", tableEnds, readme)
	}
	if *update {
		updated := before + tableBegins + configurationTable() + tableEnds + after
		if err := os.WriteFile(readme, []byte(updated), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(configurationTable(), table); diff != "" {
		t.Errorf("the README's configuration table (-want +got); go test ./stack -update writes it:\n%s", diff)
	}
}
