package proof_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// project is a copy of what a desk needs of this module: the stages' configuration and the handlers' source. The desk builds the
// handlers that it finds there, so that a test can break them without touching the real ones.
type project struct {
	*testing.T
	folder string
}

func newProject(t *testing.T) *project {
	t.Helper()
	p := &project{t, t.TempDir()}
	names, err := filepath.Glob(filepath.Join(root, "Pulumi*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, filepath.Join(root, "go.mod"), filepath.Join(root, "go.sum")) {
		p.copy(name, filepath.Base(name))
	}
	err = fs.WalkDir(os.DirFS(root), "handlers", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			p.copy(filepath.Join(root, name), name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *project) copy(from, to string) {
	p.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		p.Fatal(err)
	}
	p.write(to, text)
}

func (p *project) write(name string, text []byte) {
	p.Helper()
	path := filepath.Join(p.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o644); err != nil {
		p.Fatal(err)
	}
}

// replace replaces a piece of source that must be there exactly once: a guard that has moved has to be broken anew.
func (p *project) replace(name, old, new string) {
	p.Helper()
	text, err := os.ReadFile(filepath.Join(p.folder, name))
	if err != nil {
		p.Fatal(err)
	}
	if n := bytes.Count(text, []byte(old)); n != 1 {
		p.Fatalf("%s has %d times, want once:\n%s", name, n, old)
	}
	p.write(name, bytes.Replace(text, []byte(old), []byte(new), 1))
}

// trial is how a trial went.
type trial struct {
	output string
	failed bool
}

// hold holds a trial in the project.
func (p *project) hold(orders int, faults string, seed uint64) trial {
	p.Helper()
	p.Logf("-orders %d -faults %q -seed %d", orders, faults, seed)
	// No shell starts the desk and no file is left for it: it ends with this process if it does not end by itself.
	desk := exec.CommandContext(p.Context(), suite.desk, "-orders", strconv.Itoa(orders), "-faults", faults,
		"-seed", strconv.FormatUint(seed, 10), "-listen", "127.0.0.1:0", "-aws-listen", "127.0.0.1:0")
	desk.Dir = p.folder
	desk.Cancel = func() error { return desk.Process.Signal(syscall.SIGTERM) }
	desk.WaitDelay = 20 * time.Second
	output, err := desk.CombinedOutput()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		p.Fatalf("desk: %v\n%s", err, output)
	}
	return trial{string(output), err != nil}
}

var spaces = regexp.MustCompile(` {2,}`)

// row returns a row of the table that a trial prints, "" if it has none of that name.
func (t trial) row(name string) string {
	for line := range strings.Lines(t.output) {
		if cells := spaces.Split(strings.TrimSpace(line), 2); len(cells) == 2 && cells[0] == name {
			return cells[1]
		}
	}
	return ""
}

// table is the end of what a trial prints, from its table on.
func (t trial) table() string {
	if _, rest, ok := strings.Cut(t.output, "\nrequests "); ok {
		return "requests " + rest
	}
	return t.output
}
