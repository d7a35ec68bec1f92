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
)

// code is an unpacked deployment package.
type code struct {
	executable string // absolute path of bootstrap
	sha256     string // of the zip, as Lambda's CodeSha256
}

// unpack takes bootstrap out of a deployment package. A package that would not start on Lambda is refused.
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
	folder := filepath.Join(c.options.Folder, function, hex.EncodeToString(sum[:8]))
	executable := filepath.Join(folder, "bootstrap")
	unpacked := code{executable: executable, sha256: base64.StdEncoding.EncodeToString(sum)}
	if _, err := os.Stat(executable); err == nil {
		return unpacked, nil
	}

	reader, err := zip.OpenReader(path)
	if err != nil {
		return code{}, fmt.Errorf("code %s: %w", path, err)
	}
	defer reader.Close()
	entry, err := reader.Open("bootstrap")
	if err != nil {
		return code{}, fmt.Errorf("code %s: no bootstrap at its root, which provided.al2023 starts", path)
	}
	defer entry.Close()
	info, err := entry.Stat()
	if err != nil {
		return code{}, err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return code{}, fmt.Errorf("code %s: bootstrap has mode %s: Lambda could not execute it", path, info.Mode())
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return code{}, err
	}
	return unpacked, writeExecutable(executable, entry)
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
