package lambda_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"

	"transactional-outbox/local/lambda"
)

// deskVariable makes the test binary run a desk instead of tests: its value is the program of the function.
const deskVariable = "LAMBDA_TEST_DESK"

// runDesk starts a function, prints what it sees and waits to be killed.
func runDesk(path string) {
	s := lambda.New(nil)
	if err := s.Create(lambda.Function{Name: "hello", ARN: arn, Executable: path}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	r, err := s.Invoke(context.Background(), "hello", []byte(`{"do":"look"}`), nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Stdout.Write(r.Payload)
	select {}
}

func TestKilledDeskLeavesNoProcess(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends the children of a process that was killed")
	}
	path, err := handler()
	if err != nil {
		t.Fatal(err)
	}
	desk := exec.Command(os.Args[0])
	desk.Env = append(os.Environ(), deskVariable+"="+path)
	desk.Stderr = os.Stderr
	output, err := desk.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := desk.Start(); err != nil {
		t.Fatal(err)
	}
	var v seen
	decodeErr := json.NewDecoder(output).Decode(&v)
	desk.Process.Kill()
	desk.Wait()
	if decodeErr != nil {
		t.Fatalf("the desk did not come up: %v", decodeErr)
	}
	wantGone(t, v.PID)
}
