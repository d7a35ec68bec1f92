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

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"transactional-outbox/local/cloud"
	"transactional-outbox/local/provider"
	"transactional-outbox/stack"
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

// stage is one Pulumi stack of a clone.
type stage struct {
	t     *testing.T
	stack auto.Stack
	// dir is the clone.
	dir string
}

// stage opens the stack name in the clone dir; the program is stack.Deploy unless another is given.
func (b *bench) stage(dir, name string, program ...pulumi.RunFunc) *stage {
	b.t.Helper()
	run := stack.DeployFrom(dir)
	if len(program) > 0 {
		run = program[0]
	}
	variable, value, _ := strings.Cut(b.provider.Environment(), "=")
	workspace, err := auto.NewLocalWorkspace(b.t.Context(), auto.WorkDir(dir), auto.Program(run),
		auto.PulumiHome(b.home), auto.Pulumi(pulumiCommand(b.t)),
		auto.EnvVars(map[string]string{
			variable:                                      value,
			"PULUMI_BACKEND_URL":                          "file://" + b.backend,
			"PULUMI_CONFIG_PASSPHRASE":                    "",
			"PULUMI_SKIP_UPDATE_CHECK":                    "true",
			"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
		}))
	if err != nil {
		b.t.Fatal(err)
	}
	s, err := auto.UpsertStack(b.t.Context(), name, workspace)
	if err != nil {
		b.t.Fatal(err)
	}
	return &stage{t: b.t, stack: s, dir: dir}
}

// pulumiCommand finds the CLI. The suite needs the genuine one; where there is none it says how to get it.
func pulumiCommand(t *testing.T) auto.PulumiCommand {
	t.Helper()
	path := os.Getenv("PULUMI_CLI")
	if path == "" {
		found, err := exec.LookPath("pulumi")
		if err != nil {
			t.Skip("no pulumi on PATH and PULUMI_CLI is not set: tools/install-pulumi builds one")
		}
		path = found
	}
	command, err := auto.NewPulumiCommand(&auto.PulumiCommandOptions{Root: filepath.Dir(filepath.Dir(path))})
	if err != nil {
		t.Fatalf("pulumi at %s: %v", path, err)
	}
	return command
}

// set changes a configuration key of the stage; an empty value removes it.
func (s *stage) set(key, value string) {
	s.t.Helper()
	var err error
	if value == "" {
		err = s.stack.RemoveConfig(s.t.Context(), key)
	} else {
		err = s.stack.SetConfig(s.t.Context(), key, auto.ConfigValue{Value: value})
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// changes are the operations of a run, by "operation type name"; what stays the same is left out.
type changes []string

// collect drains the engine's events and keeps the changes.
func collect(events <-chan events.EngineEvent, done chan<- changes, previewed bool) {
	var all changes
	for event := range events {
		var meta *apitype.StepEventMetadata
		switch {
		case previewed && event.ResourcePreEvent != nil:
			meta = &event.ResourcePreEvent.Metadata
		case !previewed && event.ResOutputsEvent != nil:
			meta = &event.ResOutputsEvent.Metadata
		}
		if meta == nil || meta.Op == apitype.OpSame || meta.Op == apitype.OpRead || strings.HasPrefix(meta.Type, "pulumi:") {
			continue
		}
		name := meta.URN[strings.LastIndex(meta.URN, "::")+2:]
		all = append(all, fmt.Sprintf("%s %s %s", meta.Op, meta.Type, name))
	}
	done <- all
}

func (s *stage) preview() (changes, error) {
	stream, done := make(chan events.EngineEvent), make(chan changes, 1)
	go collect(stream, done, true)
	_, err := s.stack.Preview(s.t.Context(), optpreview.EventStreams(stream))
	return <-done, err
}

func (s *stage) up() (changes, auto.OutputMap, error) {
	stream, done := make(chan events.EngineEvent), make(chan changes, 1)
	go collect(stream, done, false)
	result, err := s.stack.Up(s.t.Context(), optup.EventStreams(stream))
	return <-done, result.Outputs, err
}

func (s *stage) refresh() (changes, error) {
	stream, done := make(chan events.EngineEvent), make(chan changes, 1)
	go collect(stream, done, false)
	_, err := s.stack.Refresh(s.t.Context(), optrefresh.EventStreams(stream))
	return <-done, err
}

func (s *stage) destroy() (changes, error) {
	stream, done := make(chan events.EngineEvent), make(chan changes, 1)
	go collect(stream, done, false)
	_, err := s.stack.Destroy(s.t.Context(), optdestroy.EventStreams(stream))
	return <-done, err
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
