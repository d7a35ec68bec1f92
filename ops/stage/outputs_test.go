package stage_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"transactional-outbox/ops/stage"
)

// pulumi puts a command of that name into the path, which runs script.
func pulumi(t *testing.T, script string) {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "pulumi"), []byte("#!/bin/sh\n"+script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+string(os.PathListSeparator)+os.Getenv("PATH"))
}

func TestFromPulumi(t *testing.T) {
	pulumi(t, `echo "{\"stage\":\"$5\",\"region\":\"eu-central-1\",\"ordersTable\":\"o\",\"eventsTable\":\"e\",\"fulfilmentsTable\":\"f\",\"streamName\":\"s\",\"deadLetterQueueUrl\":\"q\",\"apiUrl\":\"$*\"}"`)
	o, err := stage.FromPulumi(t.Context(), "prod")
	if err != nil || o.Stage != "prod" || o.EventsTable != "e" || o.AWSEndpoint != "" {
		t.Errorf("error %v, outputs %+v", err, o)
	}
}

func TestFromPulumiTellsWhatPulumiSays(t *testing.T) {
	pulumi(t, "echo 'error: no stack named prod found' >&2\nexit 255")
	_, err := stage.FromPulumi(t.Context(), "prod")
	if err == nil || !strings.Contains(err.Error(), "pulumi stack output --json --stack prod: exit status 255: error: no stack named prod found") {
		t.Errorf("error %v", err)
	}
}
