package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
)

// A profile is the CPU profile of the desk that is being taken, or nil.
type profile struct {
	file *os.File
}

// profilePath makes the file's name good for the functions, which run elsewhere, and removes what an earlier run left under it.
func profilePath(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	path, err := filepath.Abs(name)
	if err != nil {
		return "", fmt.Errorf("-profile: %w", err)
	}
	for _, files := range functionProfiles(path) {
		for _, file := range files {
			if err := os.Remove(file); err != nil {
				return "", fmt.Errorf("-profile: %w", err)
			}
		}
	}
	return path, nil
}

func startProfile(path string) (*profile, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, fmt.Errorf("-profile: %w", err)
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		file.Close()
		return nil, fmt.Errorf("-profile: %w", err)
	}
	return &profile{file}, nil
}

func (p *profile) stop() error {
	if p == nil {
		return nil
	}
	pprof.StopCPUProfile()
	if err := p.file.Close(); err != nil {
		return fmt.Errorf("-profile: %w", err)
	}
	return nil
}

// tell says how to look at the profiles.
func (p *profile) tell(out io.Writer) error {
	if p == nil {
		return nil
	}
	path := p.file.Name()
	_, err := fmt.Fprintf(out, "\nCPU profiles:\n\n  go tool pprof -top %s\n", path)
	functions := functionProfiles(path)
	for _, name := range slices.Sorted(maps.Keys(functions)) {
		_, err = fmt.Fprintf(out, "  go tool pprof -top %s.%s.*\n", path, name)
	}
	return err
}

// functionProfiles are the files with profiles of the functions' processes, by function.
func functionProfiles(path string) map[string][]string {
	found := map[string][]string{}
	entries, _ := os.ReadDir(filepath.Dir(path)) // a folder that cannot be read has none, and fails when the file is written
	for _, entry := range entries {
		file := filepath.Join(filepath.Dir(path), entry.Name())
		rest, ok := strings.CutPrefix(file, path+".")
		if !ok {
			continue
		}
		name, number, _ := strings.Cut(rest, ".")
		if number != "" && strings.Trim(number, "0123456789") == "" {
			found[name] = append(found[name], file)
		}
	}
	return found
}
