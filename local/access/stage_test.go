package access_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"transactional-outbox/local/cloud"
	"transactional-outbox/local/monitor"
	"transactional-outbox/stack"
	"transactional-outbox/stack/stage"
)

// builds remembers the commands that programs ran, which compile the handlers: once is enough for all stages of a test run.
var builds = struct {
	sync.Mutex
	done map[string]resource.PropertyMap
}{done: map[string]resource.PropertyMap{}}

// provider is a cloud whose commands run once, and whose policies can be changed on their way to it.
type provider struct {
	*cloud.Cloud
	policy func(name, document string) string // nil changes nothing
}

func (p provider) Create(ctx context.Context, typ, name string, inputs resource.PropertyMap) (string, resource.PropertyMap, error) {
	if typ == "aws:iam/rolePolicy:RolePolicy" && p.policy != nil {
		inputs = inputs.Copy()
		inputs["policy"] = resource.NewProperty(p.policy(name, inputs["policy"].StringValue()))
	}
	return p.Cloud.Create(ctx, typ, name, inputs)
}

func (p provider) Invoke(ctx context.Context, token string, arguments resource.PropertyMap) (resource.PropertyMap, error) {
	builds.Lock()
	defer builds.Unlock()
	key := fmt.Sprint(token, arguments)
	if done, ok := builds.done[key]; ok {
		return done, nil
	}
	done, err := p.Cloud.Invoke(ctx, token, arguments)
	if err == nil {
		builds.done[key] = done
	}
	return done, err
}

// running is a stage on a desk of its own.
type running struct {
	cloud       *cloud.Cloud
	url, region string
	outputs     map[string]any
	dynamodb    *dynamodb.Client
	kinesis     *kinesis.Client

	mu      sync.Mutex
	denials []cloud.Denial
	denied  chan struct{} // closed at the first denial
	lines   map[string]bool
}

// start runs the program as the stage local with changes to its configuration. policy, if it is not nil, changes the policies of roles.
func start(t *testing.T, changes map[string]string, policy func(name, document string) string) (*running, error) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		return nil, err
	}
	project, config, err := stage.Load(root, "local")
	if err != nil {
		return nil, err
	}
	for key, value := range changes {
		config[project+":"+key] = value
	}
	s := &running{region: config["aws:region"], denied: make(chan struct{}), lines: map[string]bool{}}
	c, err := cloud.New(cloud.Options{
		Region: s.region, Root: root, Folder: t.TempDir(), Duplicate: -1, OnDenied: s.onDenied, Log: s.onLog,
	})
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	s.cloud = c
	s.outputs, err = monitor.Run(t.Context(), stack.Deploy, provider{c, policy}, monitor.Options{Project: project, Stage: "local", Config: maps.Clone(config), Root: root})
	if err != nil {
		return s, err
	}
	s.url = s.output("apiUrl")
	owner := aws.Config{
		Region: s.region, BaseEndpoint: aws.String(c.Endpoint()),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "owner", SecretAccessKey: "owner"}, nil
		}),
	}
	s.dynamodb, s.kinesis = dynamodb.NewFromConfig(owner), kinesis.NewFromConfig(owner)
	return s, nil
}

func mustStart(t *testing.T, changes map[string]string) *running {
	t.Helper()
	s, err := start(t, changes, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *running) output(name string) string {
	value, _ := s.outputs[name].(string)
	return value
}

func (s *running) onDenied(d cloud.Denial) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.denials) == 0 {
		close(s.denied)
	}
	s.denials = append(s.denials, d)
}

// onLog remembers which function has written which message.
func (s *running) onLog(line cloud.LogLine) {
	var entry struct{ Message, Msg string }
	if !bytes.HasPrefix(line.Text, []byte("{")) || json.Unmarshal(line.Text, &entry) != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// Physical names end in a hyphen and seven digits.
	name := line.Function[:max(0, strings.LastIndex(line.Function, "-"))]
	s.lines[name+": "+entry.Message+entry.Msg] = true
}

func (s *running) logged(message string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines[message]
}

// patience is how long something may take on a busy machine; grace, how long it may still take once a call has been denied.
const (
	patience = 30 * time.Second
	grace    = time.Second
)

// until waits for a condition. Once the desk has denied a call, there is little reason to wait any longer.
func (s *running) until(what string, condition func() (bool, error)) error {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	denied := s.denied
	for {
		ok, err := condition()
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if ok {
			return nil
		}
		select {
		case <-timeout.C:
			return errors.New(what + ": not so in time")
		case <-denied:
			denied = nil
			timeout.Reset(grace)
		case <-time.After(2 * time.Millisecond):
		}
	}
}
