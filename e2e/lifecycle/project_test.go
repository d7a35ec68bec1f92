package lifecycle_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"transactional-outbox/local/cloud"
	"transactional-outbox/local/provider"
)

// bench is a local cloud that serves Pulumi engines, and the folder their state is in.
type bench struct {
	t        *testing.T
	cloud    *cloud.Cloud
	provider *provider.Server
	backend  string
	home     string
}

// providerCloud is what a provider serves.
type providerCloud = provider.Cloud

// newBench starts a cloud that ends with the test. wrap, if given, gets between the cloud and the engine.
func newBench(t *testing.T, wrap ...func(*cloud.Cloud) providerCloud) *bench {
	t.Helper()
	pulumiCommand(t) // or skip
	b := &bench{t: t, backend: t.TempDir(), home: t.TempDir()}
	var err error
	if b.cloud, err = cloud.New(cloud.Options{Root: t.TempDir(), Folder: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.cloud.Close(); err != nil {
			t.Error(err)
		}
	})
	var served providerCloud = b.cloud
	if len(wrap) > 0 {
		served = wrap[0](b.cloud)
	}
	if b.provider, err = provider.Serve(served, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := b.provider.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return b
}

// clone copies the files of the project, as git knows them, to a new folder.
func clone(t *testing.T) string {
	t.Helper()
	to := t.TempDir()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	list := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard",
		"go.mod", "go.sum", "Pulumi*.yaml", "handlers")
	list.Dir = root
	names, err := list.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(names), "\x00"), "\x00") {
		content, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(to, name), string(content))
	}
	return to
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

// deleteTable deletes a table behind Pulumi's back, as the owner of the account can.
func (b *bench) deleteTable(name string) {
	b.t.Helper()
	request, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.cloud.Endpoint(), strings.NewReader(fmt.Sprintf(`{"TableName":%q}`, name)))
	if err != nil {
		b.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	request.Header.Set("X-Amz-Target", "DynamoDB_20120810.DeleteTable")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=owner/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK {
		b.t.Fatalf("DeleteTable %s: %s", name, response.Status)
	}
}
