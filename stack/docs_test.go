package stack_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestFirstDeploymentSaysHowManyResourcesThereAre keeps the number in the checklist true; -update writes it.
func TestFirstDeploymentSaysHowManyResourcesThereAre(t *testing.T) {
	const file = "../docs/first-deployment.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	golden, err := os.ReadFile("testdata/outbox.golden")
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for line := range strings.Lines(string(golden)) {
		if strings.HasPrefix(line, "aws:") || strings.HasPrefix(line, "transactional-outbox:") {
			count++
		}
	}
	place := regexp.MustCompile(`<!-- resources -->\d+<!-- /resources -->`)
	want := fmt.Sprintf("<!-- resources -->%d<!-- /resources -->", count)
	if *update {
		if err := os.WriteFile(file, place.ReplaceAll(text, []byte(want)), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if found := place.FindAllString(string(text), -1); len(found) != 1 || found[0] != want {
		t.Errorf("%s says %q, want one %s", file, found, want)
	}
}
