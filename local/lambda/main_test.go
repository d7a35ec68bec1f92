package lambda_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"transactional-outbox/local/lambda"
)

const arn = "arn:aws:lambda:us-east-1:000000000000:function:hello"

// handler is the path of the test function, built once for the whole test binary.
var handler = sync.OnceValues(func() (string, error) {
	path := filepath.Join(directory, "bootstrap")
	out, err := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", path, "./testdata/handler").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build the test function: %w\n%s", err, out)
	}
	return path, nil
})

var directory string

func TestMain(m *testing.M) {
	if path := os.Getenv(deskVariable); path != "" {
		runDesk(path)
	}
	var err error
	if directory, err = os.MkdirTemp("", "lambda"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(directory)
	if code == 0 {
		code = checkGoroutines()
	}
	os.Exit(code)
}

// checkGoroutines fails the run if anything of the package still runs after every service was closed.
func checkGoroutines() int {
	buf := make([]byte, 1<<20)
	var left string
	for range 100 {
		left = string(buf[:runtime.Stack(buf, true)])
		if !strings.Contains(left, "local/lambda.") {
			return 0
		}
		runtime.Gosched()
		time.Sleep(10 * time.Millisecond) // there is no event to wait for: the goroutines end by themselves
	}
	fmt.Fprintln(os.Stderr, "goroutines left behind:\n"+left)
	return 1
}

// function returns a function that runs the test handler.
func function(t testing.TB) lambda.Function {
	t.Helper()
	path, err := handler()
	if err != nil {
		t.Fatal(err)
	}
	return lambda.Function{Name: "hello", ARN: arn, Executable: path, Timeout: 20 * time.Second, Concurrency: 4}
}

// start returns a service that runs f.
func start(t testing.TB, f lambda.Function, opts *lambda.Options) *lambda.Service {
	t.Helper()
	s := lambda.New(opts)
	t.Cleanup(func() { s.Close() })
	if err := s.Create(f); err != nil {
		t.Fatal(err)
	}
	return s
}

func invoke(t testing.TB, s *lambda.Service, payload string) *lambda.Result {
	t.Helper()
	r, err := s.Invoke(t.Context(), "hello", []byte(payload), nil)
	if err != nil {
		t.Fatalf("Invoke(%.100s): %v", payload, err)
	}
	return r
}

// until waits for a condition that other goroutines or processes bring about.
func until(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("gave up waiting: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}
