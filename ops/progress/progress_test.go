package progress_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"transactional-outbox/ops/progress"
)

func TestLinesAreWrittenNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out strings.Builder
		line := progress.Start(&out, func() string { return "half done" })
		time.Sleep(25 * time.Second)
		line.End()
		line.End()
		if out.String() != "half done\nhalf done\n" {
			t.Errorf("after 25 seconds: %q", out.String())
		}
	})
}

func TestNobodyNeedsToLook(t *testing.T) {
	progress.Start(nil, func() string { return "half done" }).End()
}
