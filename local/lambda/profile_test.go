package lambda_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"transactional-outbox/local/lambda"
)

// A function of this project, built with the tag, leaves a profile of each of its processes when the service closes.
func TestFunctionsWriteProfiles(t *testing.T) {
	folder := t.TempDir()
	program := filepath.Join(folder, "bootstrap")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "profile,lambda.norpc", "-o", program, "../../handlers/getorder").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	service := lambda.New(&lambda.Options{Profile: filepath.Join(folder, "cpu")})
	function := lambda.Function{
		Name: "getorder", ARN: arn, Executable: program,
		Environment: map[string]string{"ORDERS_TABLE": "orders", "FULFILMENTS_TABLE": "fulfilments", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
		Credentials: lambda.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"},
	}
	if err := service.Create(function); err != nil {
		t.Fatal(err)
	}
	result, err := service.Invoke(t.Context(), "getorder", []byte(`{}`), nil)
	if err != nil || bytes.Contains(result.Payload, []byte("Runtime.ExitError")) {
		t.Fatalf("got %s, %v", result.Payload, err)
	}
	if err := service.Close(); err != nil {
		t.Fatal(err)
	}
	profile, err := os.ReadFile(filepath.Join(folder, "cpu.getorder.1"))
	if err != nil || !bytes.HasPrefix(profile, []byte{0x1f, 0x8b}) {
		t.Errorf("got a file of %d bytes, %v; want one that is gzipped, as profiles are", len(profile), err)
	}
}
