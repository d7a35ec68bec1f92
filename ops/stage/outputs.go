// Package stage knows how to reach a stage, deployed or on the desk: its outputs, and AWS clients made from them.
package stage

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/go-json-experiment/json"
)

// Outputs are the outputs of the stack that operators need.
type Outputs struct {
	Stage              string `json:"stage"`
	Region             string `json:"region"`
	OrdersTable        string `json:"ordersTable"`
	EventsTable        string `json:"eventsTable"`
	FulfilmentsTable   string `json:"fulfilmentsTable"`
	StreamName         string `json:"streamName"`
	StreamARN          string `json:"streamArn"`
	DeadLetterQueueURL string `json:"deadLetterQueueUrl"`
	ConsumerMappingID  string `json:"consumerMappingId"`

	// Of the auditor; empty where the stage has none.
	AuditorDeadLetterQueueURL string `json:"auditorDeadLetterQueueUrl"`
	AuditorMappingID          string `json:"auditorMappingId"`

	// AWSEndpoint is where the desk answers AWS's APIs; empty for a deployed stage.
	AWSEndpoint string `json:"awsEndpoint"`
}

// Read reads the outputs of a stage from a file, as the desk writes it with -outputs.
func Read(path string) (*Outputs, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	o, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return o, nil
}

// FromPulumi asks the Pulumi CLI for the outputs of a deployed stage.
func FromPulumi(ctx context.Context, name string) (*Outputs, error) {
	command := exec.CommandContext(ctx, "pulumi", "stack", "output", "--json", "--stack", name)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	text, err := command.Output()
	if err != nil {
		if detail := strings.TrimSpace(stderr.String()); detail != "" {
			err = fmt.Errorf("%w: %s", err, detail)
		}
		return nil, fmt.Errorf("pulumi stack output --json --stack %s: %w", name, err)
	}
	o, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("stage %s: %w", name, err)
	}
	return o, nil
}

// parse reads outputs, and names all that are missing in one error.
func parse(text []byte) (*Outputs, error) {
	o := new(Outputs)
	if err := json.Unmarshal(text, o); err != nil {
		return nil, fmt.Errorf("not the outputs of a stage: %w", err)
	}
	var missing []string
	for _, output := range []struct{ name, value string }{
		{"region", o.Region},
		{"ordersTable", o.OrdersTable},
		{"eventsTable", o.EventsTable},
		{"fulfilmentsTable", o.FulfilmentsTable},
		{"streamName", o.StreamName},
		{"deadLetterQueueUrl", o.DeadLetterQueueURL},
	} {
		if output.value == "" {
			missing = append(missing, output.name)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("outputs are missing: %s", strings.Join(missing, ", "))
	}
	return o, nil
}
