package command

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// packager is the tool whose output depends on the files it is given and on nothing else.
const packager = "build-lambda-zip"

// packaging is a call of the packager: `go tool build-lambda-zip -o code.zip bootstrap`.
// The zero value is any other command, which is never current.
type packaging struct {
	output string // the zip it writes
	input  string // the binary it reads
}

// packagingOf recognises a call of the packager in the form the Pulumi program uses.
func packagingOf(args Args) packaging {
	words := strings.Fields(args.Command)
	if len(words) != 6 || words[0] != "go" || words[1] != "tool" || words[2] != packager || words[3] != "-o" {
		return packaging{}
	}
	return packaging{output: filepath.Join(args.Dir, words[4]), input: filepath.Join(args.Dir, words[5])}
}

// memo is the file beside the zip that says which binary it was made from, and what came out.
func (p packaging) memo() string { return p.output + ".from" }

// isCurrent reports whether the zip on disk is the one that was made from the binary on disk.
func (p packaging) isCurrent() bool {
	if p.output == "" {
		return false
	}
	remembered, err := os.ReadFile(p.memo())
	return err == nil && string(remembered) == p.fingerprint()
}

// remember notes what the zip was made from. A note that cannot be written only costs the next start some time.
func (p packaging) remember() {
	if p.output == "" {
		return
	}
	if print := p.fingerprint(); print != "" {
		_ = os.WriteFile(p.memo(), []byte(print), 0o644)
	}
}

// fingerprint covers the binary and the zip; it is empty when either cannot be read.
func (p packaging) fingerprint() string {
	hash := sha256.New()
	for _, name := range []string{p.input, p.output} {
		file, err := os.Open(name)
		if err != nil {
			return ""
		}
		_, err = io.Copy(hash, file)
		file.Close()
		if err != nil {
			return ""
		}
	}
	return hex.EncodeToString(hash.Sum(nil))
}
