package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// packager is the tool whose output depends on the file it is given and on nothing else.
const packager = "build-lambda-zip"

// packaging is a call of the packager: `go tool build-lambda-zip -o code.zip bootstrap`.
type packaging struct {
	output string // the zip it writes
	input  string // the binary it reads
}

// packagingOf recognises a call of the packager in the form the Pulumi program uses.
func packagingOf(args Args) (packaging, bool) {
	words := strings.Fields(args.Command)
	if len(words) != 6 || words[0] != "go" || words[1] != "tool" || words[2] != packager || words[3] != "-o" {
		return packaging{}, false
	}
	folder, err := filepath.Abs(args.Dir)
	if err != nil {
		return packaging{}, false
	}
	return packaging{output: filepath.Join(folder, words[4]), input: filepath.Join(folder, words[5])}, true
}

// run packages the binary, unless the zip on disk is the one that was made from it. The zip appears in one step,
// so that desks that start at the same time in one folder never read each other's half-written one.
func (p packaging) run(ctx context.Context, args Args) (*Result, error) {
	input := fingerprint(p.input)
	if input != "" && p.remembered() == input+fingerprint(p.output) {
		return &Result{}, nil
	}
	if err := os.MkdirAll(filepath.Dir(p.output), 0o755); err != nil {
		return nil, &Error{Command: args.Command, Err: err}
	}
	folder, err := os.MkdirTemp(filepath.Dir(p.output), ".packaging-")
	if err != nil {
		return nil, &Error{Command: args.Command, Err: err}
	}
	defer os.RemoveAll(folder)
	partial := filepath.Join(folder, filepath.Base(p.output))
	direct := args
	direct.Interpreter = []string{"go"}
	result, err := runWords(ctx, direct, "tool", packager, "-o", partial, p.input)
	if err != nil {
		return nil, err
	}
	made := fingerprint(partial)
	if err := os.Rename(partial, p.output); err != nil {
		return nil, &Error{Command: args.Command, Err: err}
	}
	// A binary that was replaced meanwhile may or may not be the one in the zip. A note that cannot be written
	// only costs the next start some time.
	if input != "" && input == fingerprint(p.input) {
		_ = os.WriteFile(p.memo(), []byte(input+made), 0o644)
	}
	return result, nil
}

// memo is the file beside the zip that says which binary it was made from, and what came out.
func (p packaging) memo() string { return p.output + ".from" }

func (p packaging) remembered() string {
	text, err := os.ReadFile(p.memo())
	if err != nil {
		return ""
	}
	return string(text)
}

// fingerprint is a hash of a file's content, empty if it cannot be read.
func fingerprint(name string) string {
	file, err := os.Open(name)
	if err != nil {
		return ""
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return ""
	}
	return hex.EncodeToString(hash.Sum(nil))
}
