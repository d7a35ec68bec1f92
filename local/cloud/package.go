package cloud

import (
	"archive/zip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// code is an unpacked deployment package.
type code struct {
	executable string // absolute path of bootstrap
	sha256     string // of the zip, as Lambda's CodeSha256
}

// unpackedLife is how long an unpacked program that no desk has used is kept.
const unpackedLife = 24 * time.Hour

// unpack takes bootstrap out of a deployment package. A package that would not start on Lambda is refused.
//
// Inflating a program takes most of the time that a desk needs to start. So what was inflated is kept beside the
// package, by the package's hash, and a desk links it into its own folder, where nobody but itself removes it.
func (c *Cloud) unpack(function, path string) (code, error) {
	if path == "" {
		return code{}, fmt.Errorf("code is not an archive that is one file, the only kind the desk supports")
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(c.options.Root, path)
	}
	sum, err := hashFile(path)
	if err != nil {
		return code{}, err
	}
	name := hex.EncodeToString(sum[:16])
	folder := filepath.Join(c.options.Folder, function, name)
	unpacked := code{executable: filepath.Join(folder, "bootstrap"), sha256: base64.StdEncoding.EncodeToString(sum)}
	if _, err := os.Stat(unpacked.executable); err == nil {
		return unpacked, nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return code{}, err
	}
	store := filepath.Join(filepath.Dir(path), ".unpacked")
	kept := filepath.Join(store, name)
	if linkOrCopy(kept, unpacked.executable) == nil {
		// A time that cannot be set only makes the file be inflated again some day.
		_ = os.Chtimes(kept, time.Now(), time.Now())
		return unpacked, nil
	}
	if err := inflate(path, unpacked.executable); err != nil {
		return code{}, err
	}
	keep(unpacked.executable, store, kept)
	return unpacked, nil
}

// keep stores a program for the next desk, and forgets those that none has used for long. It is a favour to the
// next start, so what goes wrong is left at that.
func keep(executable, store, kept string) {
	if os.MkdirAll(store, 0o755) != nil {
		return
	}
	// In one step, since other desks may look at the same time.
	partial := kept + "." + filepath.Base(filepath.Dir(filepath.Dir(filepath.Dir(executable))))
	if linkOrCopy(executable, partial) == nil {
		_ = os.Rename(partial, kept)
	}
	entries, err := os.ReadDir(store)
	if err != nil {
		return
	}
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) > unpackedLife {
			_ = os.Remove(filepath.Join(store, entry.Name()))
		}
	}
}

// linkOrCopy makes the file from appear as to, by copying where they are on different devices.
func linkOrCopy(from, to string) error {
	if os.Link(from, to) == nil {
		return nil
	}
	file, err := os.Open(from)
	if err != nil {
		return err
	}
	defer file.Close()
	return writeExecutable(to, file)
}

// inflate writes the program of a deployment package to a file.
func inflate(path, executable string) error {
	reader, err := zip.OpenReader(path)
	if err != nil {
		return fmt.Errorf("code %s: %w", path, err)
	}
	defer reader.Close()
	entry, err := reader.Open("bootstrap")
	if err != nil {
		return fmt.Errorf("code %s: no bootstrap at its root, which provided.al2023 starts", path)
	}
	defer entry.Close()
	info, err := entry.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return fmt.Errorf("code %s: bootstrap has mode %s: Lambda could not execute it", path, info.Mode())
	}
	return writeExecutable(executable, entry)
}

func writeExecutable(path string, from io.Reader) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, from); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

func hashFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return nil, err
	}
	return hash.Sum(nil), nil
}
