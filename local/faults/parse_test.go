package faults_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"transactional-outbox/local/faults"
)

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want faults.Mix
	}{
		"calm":           {"none", faults.Mix{}},
		"one fault":      {"lose=1", faults.Mix{Lose: 1}},
		"with spaces":    {" crash = 0.5 , reshard = 3 ", faults.Mix{Crash: 0.5, Reshard: 3}},
		"zero is not at": {"lose=0,delay=0s,reshard=0", faults.Mix{}},
		"everything": {
			"duplicate=0.05,reorder=0.2,delay=50ms,lose=0.01,crash=0.02,throttle=0.05,fail=0.02,timeout=0.01,expire=0.01,reshard=2",
			faults.Mix{
				Duplicate: 0.05, Reorder: 0.2, Delay: 50 * time.Millisecond, Lose: 0.01, Crash: 0.02,
				Throttle: 0.05, Fail: 0.02, Timeout: 0.01, Expire: 0.01, Reshard: 2,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := faults.Parse(c.text)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseTellsOfEveryMistake(t *testing.T) {
	_, err := faults.Parse("lose=2,crash=NaN,delay=5,reshard=-1,explode=1,timeout,expire=0.1,expire=0.2,throttle=")
	want := []string{
		"lose=2: must be a probability from 0 to 1",
		"crash=NaN: must be a probability from 0 to 1",
		"delay=5: must be a duration from 0s to 10s, such as 50ms",
		"reshard=-1: must be a whole number from 0 to 100",
		"explode is not known; known are " + faults.Names,
		`"timeout" is not of the form name=value`,
		"expire is there twice",
		"throttle=: must be a probability from 0 to 1",
	}
	if err == nil {
		t.Fatal("no error")
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := faults.Parse(""); err == nil {
		t.Error("no error for an empty mix")
	}
}

func TestStringIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.OneOf(rapid.Just(0.0), rapid.Float64Range(0, 1))
		want := faults.Mix{
			Duplicate: p.Draw(t, "duplicate"), Reorder: p.Draw(t, "reorder"), Lose: p.Draw(t, "lose"), Crash: p.Draw(t, "crash"),
			Throttle: p.Draw(t, "throttle"), Fail: p.Draw(t, "fail"), Timeout: p.Draw(t, "timeout"), Expire: p.Draw(t, "expire"),
			Delay:   time.Duration(rapid.Int64Range(0, int64(10*time.Second)).Draw(t, "delay")),
			Reshard: rapid.IntRange(0, 100).Draw(t, "reshard"),
		}
		got, err := faults.Parse(want.String())
		if err != nil || got != want {
			t.Fatalf("%q was read as %+v, %v", want.String(), got, err)
		}
	})
}
