package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
)

// anywhere lets the desk choose its ports.
func anywhere(args ...string) []string {
	return append([]string{"-listen", "127.0.0.1:0", "-aws-listen", "127.0.0.1:0"}, args...)
}

func TestHelpShowsEveryFlagWithItsDefault(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-h"}, &out); !errors.Is(err, errHelp) {
		t.Fatalf("got %v, want errHelp", err)
	}
	for _, want := range []string{"-stage", "(default \"local\")", "-listen", "127.0.0.1:8080", "-aws-listen", "127.0.0.1:4566", "-outputs", "-orders", "-clients", "-seed", "-issuer", "-trace", "-profile", "-faults", "none is perfectly calm", "-v"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("help does not mention %s:\n%s", want, out.String())
		}
	}
}

func TestMistakesOnTheCommandLine(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"unknown flag":     {[]string{"-port", "1"}, "flag provided but not defined: -port"},
		"stray argument":   {[]string{"start"}, `unexpected argument "start"`},
		"negative orders":  {[]string{"-orders", "-1"}, "-orders must not be negative"},
		"trial of tokens":  {[]string{"-issuer", "-orders", "1"}, "-issuer and -orders do not go together"},
		"no clients":       {[]string{"-clients", "0"}, "-clients must be at least 1"},
		"unknown fault":    {[]string{"-faults", "explode=1"}, "-faults: explode is not known; known are duplicate, reorder"},
		"several faults":   {[]string{"-faults", "lose=2,delay=5"}, "-faults: lose=2: must be a probability from 0 to 1\n-faults: delay=5: must be a duration from 0s to 10s, such as 50ms"},
		"no trace id":      {[]string{"-trace", "4BF92F"}, "-trace 4BF92F is not a trace id"},
		"provider's flags": {[]string{"provider", "-orders", "1"}, "flag provided but not defined: -orders"},
	} {
		t.Run(name, func(t *testing.T) {
			err := run(t.Context(), c.args, &bytes.Buffer{})
			var usage *usageError
			if !errors.As(err, &usage) || !strings.Contains(usage.text, c.want) {
				t.Errorf("got %v, want a usage error with %q", err, c.want)
			}
		})
	}
}

func TestStageThatDoesNotExist(t *testing.T) {
	err := run(t.Context(), anywhere("-stage", "moon"), &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), `no stage "moon"`) || !strings.Contains(err.Error(), "local") {
		t.Errorf("got %v, want an error that names the stages there are", err)
	}
}

func TestAddressInUse(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	for flag, args := range map[string][]string{
		"-aws-listen": {"-listen", "127.0.0.1:0", "-aws-listen", address},
		"-listen":     {"-listen", address, "-aws-listen", "127.0.0.1:0"},
	} {
		t.Run(flag, func(t *testing.T) {
			err := run(t.Context(), args, &bytes.Buffer{})
			if err == nil || !strings.Contains(err.Error(), "address "+address+" is in use") || !strings.Contains(err.Error(), "with "+flag+" ") {
				t.Errorf("got %v, want an error that names %s and %s", err, address, flag)
			}
		})
	}
}

// syncBuffer is a buffer that the desk writes to while the test reads it.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(60 * time.Second)
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("%s did not come true", what)
		case <-ticker.C:
		}
	}
}

func TestAnOrderTravelsThroughTheOutbox(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	file := filepath.Join(t.TempDir(), "outputs.json")
	var out syncBuffer
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, anywhere("-outputs", file), &out) }()
	eventually(t, "outputs file", func() bool {
		select {
		case err := <-ended:
			t.Fatalf("the desk ended: %v\n%s", err, out.String())
		default:
		}
		_, err := os.Stat(file)
		return err == nil
	})

	// Ready means ready: the very first order succeeds.
	var outputs map[string]any
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &outputs); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	for _, name := range []string{"apiUrl", "streamName", "ordersTable", "eventsTable", "fulfilmentsTable", "deadLetterQueueUrl", "awsEndpoint"} {
		if value, ok := outputs[name].(string); !ok || value == "" {
			t.Errorf("output %s is missing in %s", name, text)
		}
	}
	response, err := http.Post(outputs["apiUrl"].(string)+"/orders", "application/json", strings.NewReader(`{"description":"two books"}`))
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		t.Fatalf("%s, want 201", response.Status)
	}
	id := strings.TrimPrefix(response.Header.Get("Location"), "/orders/")
	for _, line := range []string{
		"request          " + id + "  order placed",
		"event committed  " + id + "  order.placed, sequence 1",
		"stream record    " + id + "  INSERT of sequence 1",
		"consumer         " + id + "  fulfilment REQUESTED after sequence 1",
	} {
		eventually(t, line, func() bool { return strings.Contains(out.String(), line) })
	}

	stop()
	if err := <-ended; err != nil {
		t.Errorf("the desk ended with %v", err)
	}
	if !strings.HasSuffix(out.String(), "Stopping.\n") {
		t.Errorf("last words: %q", out.String()[max(0, out.b.Len()-100):])
	}
}

func TestTrialProvesTheOutbox(t *testing.T) {
	var out syncBuffer
	if err := run(t.Context(), anywhere("-orders", "150", "-seed", "7"), &out); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{"Placing 150 orders with 48 clients, seed 7.", "orders placed                    150\n", "lost                             0\n", "doubled                          0\n", "out of order                     0\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}
