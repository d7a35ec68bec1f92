// Package stage knows how to reach a stage: its stack outputs and the AWS clients made from them.
package stage

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
)

// Outputs are the stack outputs the suite uses, as `pulumi stack output --json` and the desk write them.
type Outputs struct {
	APIURL             string            `json:"apiUrl"`
	StreamName         string            `json:"streamName"`
	StreamARN          string            `json:"streamArn"`
	Region             string            `json:"region"`
	Stage              string            `json:"stage"`
	OrdersTable        string            `json:"ordersTable"`
	EventsTable        string            `json:"eventsTable"`
	FulfilmentsTable   string            `json:"fulfilmentsTable"`
	DeadLetterQueueURL string            `json:"deadLetterQueueUrl"`
	ConsumerMappingID  string            `json:"consumerMappingId"`
	Functions          map[string]string `json:"functions"`
	// Auth is how the API knows who calls: iam, jwt or none.
	Auth string `json:"auth"`
	// AWSEndpoint is where the desk answers AWS's APIs; empty for a deployed stage.
	AWSEndpoint string `json:"awsEndpoint"`
}

// ReadOutputs reads the outputs from the JSON file at path. Outputs that are missing are reported together.
func ReadOutputs(path string) (*Outputs, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var outputs Outputs
	if err := json.Unmarshal(text, &outputs); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var missing []string
	for _, output := range []struct{ name, value string }{
		{"apiUrl", outputs.APIURL},
		{"auth", outputs.Auth},
		{"streamName", outputs.StreamName},
		{"streamArn", outputs.StreamARN},
		{"region", outputs.Region},
		{"stage", outputs.Stage},
		{"ordersTable", outputs.OrdersTable},
		{"eventsTable", outputs.EventsTable},
		{"fulfilmentsTable", outputs.FulfilmentsTable},
		{"deadLetterQueueUrl", outputs.DeadLetterQueueURL},
		{"consumerMappingId", outputs.ConsumerMappingID},
	} {
		if output.value == "" {
			missing = append(missing, output.name)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("%s: no output %s", path, strings.Join(missing, ", "))
	}
	return &outputs, nil
}
