package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed dynamodb.xml
var dynamodbProject []byte

//go:embed elasticmq.xml
var elasticmqProject []byte

//go:embed package.json
var npmProject []byte

//go:embed Loopback.java
var loopbackJava []byte

//go:embed loopback.cjs
var loopbackNode []byte

// software is the folder with what was fetched.
type software struct{ folder string }

// fetch brings the witnesses into folder, unless the same versions are there already.
func fetch(ctx context.Context, folder string) (*software, error) {
	for _, tool := range []string{"java", "javac", "mvn", "node", "npm"} {
		if _, err := exec.LookPath(tool); err != nil {
			return nil, fmt.Errorf("%s is not on PATH: the witnesses need Java 17 with its compiler, Maven, and Node 20 with npm", tool)
		}
	}
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	s := &software{folder}
	maven := func(name string) func() error {
		return func() error {
			return s.command(ctx, "mvn", "-B", "-q", "-f", s.path(name+".xml"), "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory="+s.path(name))
		}
	}
	npm := func() error {
		return s.command(ctx, "npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts", "--silent")
	}
	if err := s.once("dynamodb.xml", dynamodbProject, maven("dynamodb")); err != nil {
		return nil, fmt.Errorf("fetch DynamoDB Local: %w", err)
	}
	if err := s.once("elasticmq.xml", elasticmqProject, maven("elasticmq")); err != nil {
		return nil, fmt.Errorf("fetch ElasticMQ: %w", err)
	}
	if err := s.once("package.json", npmProject, npm); err != nil {
		return nil, fmt.Errorf("fetch kinesis-mock: %w", err)
	}
	return s, errors.Join(
		os.WriteFile(s.path("Loopback.java"), loopbackJava, 0o644),
		os.WriteFile(s.path("loopback.cjs"), loopbackNode, 0o644),
	)
}

func (s *software) path(parts ...string) string {
	return filepath.Join(append([]string{s.folder}, parts...)...)
}

// once installs what a project file asks for, and notes beside it that this very file has been dealt with.
func (s *software) once(name string, project []byte, install func() error) error {
	done := s.path(name + ".done")
	if text, err := os.ReadFile(done); err == nil && string(text) == string(project) {
		return nil
	}
	if err := os.MkdirAll(s.folder, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(s.path(name), project, 0o644); err != nil {
		return err
	}
	if err := install(); err != nil {
		return err
	}
	return os.WriteFile(done, project, 0o644)
}

func (s *software) command(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	return cmd.Run()
}
