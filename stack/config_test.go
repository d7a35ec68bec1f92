package stack_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"transactional-outbox/stack"
)

// read reads a configuration in which nothing is set but the region and values.
func read(values map[string]string) (*stack.Config, error) {
	full := map[string]string{"aws:region": "eu-west-1"}
	for key, value := range values {
		if !strings.Contains(key, ":") {
			key = "transactional-outbox:" + key
		}
		full[key] = value
	}
	var cfg *stack.Config
	var err error
	if failed := program(&recorder{}, "test", full, func(ctx *pulumi.Context) error {
		cfg, err = stack.ReadConfig(ctx)
		return nil
	}); failed != nil {
		return nil, failed
	}
	return cfg, err
}

func TestReadConfigDefaults(t *testing.T) {
	got, err := read(nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &stack.Config{
		Region:                      "eu-west-1",
		Architecture:                stack.ARM64,
		StreamMode:                  stack.OnDemand,
		StreamRetention:             168 * time.Hour,
		EventRetention:              30 * 24 * time.Hour,
		DeadLetterRetention:         14 * 24 * time.Hour,
		ConsumerBatchSize:           100,
		ConsumerParallelization:     2,
		ConsumerMaxRetries:          5,
		ConsumerReservedConcurrency: -1,
		ConsumerMemoryMB:            512,
		ConsumerTimeout:             time.Minute,
		APIMemoryMB:                 512,
		APITimeout:                  10 * time.Second,
		APIRateLimit:                1000,
		APIBurstLimit:               500,
		Auth:                        stack.AuthIAM,
		Alarms:                      true,
		LogLevel:                    stack.LogInfo,
		LogRetentionDays:            30,
		Tracing:                     true,
		Protect:                     true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestReadConfigReadsEveryKey(t *testing.T) {
	got, err := read(map[string]string{
		"aws:region":                  "us-east-2",
		"architecture":                "x86_64",
		"streamMode":                  "PROVISIONED",
		"shardCount":                  "3",
		"streamRetentionHours":        "48",
		"eventRetentionDays":          "90",
		"deadLetterRetentionDays":     "7",
		"consumerBatchSize":           "250",
		"consumerBatchWindowSeconds":  "2",
		"consumerParallelization":     "4",
		"consumerMaxRetries":          "9",
		"consumerMaxRecordAgeSeconds": "3600",
		"consumerReservedConcurrency": "12",
		"consumerMemoryMb":            "2048",
		"consumerTimeoutSeconds":      "120",
		"apiMemoryMb":                 "256",
		"apiTimeoutSeconds":           "29",
		"apiRateLimit":                "7",
		"apiBurstLimit":               "8",
		"auth":                        "jwt",
		"jwtIssuer":                   "https://id.example.com/tenant",
		"jwtAudience":                 "orders-api, other",
		"jwtScopes":                   "orders/read,orders/write",
		"corsOrigins":                 "https://shop.example.com,http://127.0.0.1:3000",
		"kmsKeyArn":                   "arn:aws:kms:us-east-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		"alarms":                      "false",
		"logLevel":                    "WARN",
		"logRetentionDays":            "365",
		"tracing":                     "false",
		"protect":                     "false",
	})
	if err != nil {
		t.Fatal(err)
	}
	want := &stack.Config{
		Region:                      "us-east-2",
		Architecture:                stack.X8664,
		StreamMode:                  stack.Provisioned,
		ShardCount:                  3,
		StreamRetention:             48 * time.Hour,
		EventRetention:              90 * 24 * time.Hour,
		DeadLetterRetention:         7 * 24 * time.Hour,
		ConsumerBatchSize:           250,
		ConsumerBatchWindow:         2 * time.Second,
		ConsumerParallelization:     4,
		ConsumerMaxRetries:          9,
		ConsumerMaxRecordAge:        time.Hour,
		ConsumerReservedConcurrency: 12,
		ConsumerMemoryMB:            2048,
		ConsumerTimeout:             2 * time.Minute,
		APIMemoryMB:                 256,
		APITimeout:                  29 * time.Second,
		APIRateLimit:                7,
		APIBurstLimit:               8,
		Auth:                        stack.AuthJWT,
		JWTIssuer:                   "https://id.example.com/tenant",
		JWTAudience:                 []string{"orders-api", "other"},
		JWTScopes:                   []string{"orders/read", "orders/write"},
		KMSKeyARN:                   "arn:aws:kms:us-east-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
		CORSOrigins:                 []string{"https://shop.example.com", "http://127.0.0.1:3000"},
		LogLevel:                    stack.LogWarn,
		LogRetentionDays:            365,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestReadConfigNamesTheMistake(t *testing.T) {
	for name, c := range map[string]struct {
		values map[string]string
		want   string
	}{
		"not one of the choices": {
			map[string]string{"architecture": "amd64"},
			`architecture: "amd64" is not allowed: it must be arm64 or x86_64`,
		},
		"choice in another case": {
			map[string]string{"streamMode": "on_demand"},
			`streamMode: "on_demand" is not allowed: it must be ON_DEMAND or PROVISIONED`,
		},
		"level that log/slog lacks": {
			map[string]string{"logLevel": "TRACE"},
			`logLevel: "TRACE" is not allowed: it must be DEBUG, INFO, WARN or ERROR`,
		},
		"not a number": {
			map[string]string{"consumerBatchSize": "many"},
			`consumerBatchSize: "many" is not allowed: it must be a whole number, 1 to 10000`,
		},
		"empty": {
			map[string]string{"consumerBatchSize": ""},
			`consumerBatchSize: "" is not allowed: it must be a whole number, 1 to 10000`,
		},
		"fraction": {
			map[string]string{"apiRateLimit": "0.5"},
			`apiRateLimit: "0.5" is not allowed: it must be a whole number, 1 to 1000000`,
		},
		"below the range": {
			map[string]string{"streamRetentionHours": "23"},
			`streamRetentionHours: "23" is not allowed: it must be 24 to 8760`,
		},
		"above the range": {
			map[string]string{"apiTimeoutSeconds": "30"},
			`apiTimeoutSeconds: "30" is not allowed: it must be 1 to 29`,
		},
		"more digits than a number has": {
			map[string]string{"apiBurstLimit": "99999999999999999999"},
			`apiBurstLimit: "99999999999999999999" is not allowed: it must be a whole number, 1 to 1000000`,
		},
		"between none and the range": {
			map[string]string{"consumerMaxRecordAgeSeconds": "59"},
			`consumerMaxRecordAgeSeconds: "59" is not allowed: it must be -1 or 60 to 604800`,
		},
		"retries without end": {
			map[string]string{"consumerMaxRetries": "-1"},
			`consumerMaxRetries: "-1" is not allowed: it must be 0 to 10000`,
		},
		"reservation of nothing": {
			map[string]string{"consumerReservedConcurrency": "0"},
			`consumerReservedConcurrency: "0" is not allowed: it must be -1 or 1 to 100000`,
		},
		"retention CloudWatch does not know": {
			map[string]string{"logRetentionDays": "10"},
			`logRetentionDays: "10" is not allowed: it must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, ` +
				`545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653`,
		},
		"not a boolean": {
			map[string]string{"protect": "yes"},
			`protect: "yes" is not allowed: it must be true or false`,
		},
		"no region": {
			map[string]string{"aws:region": ""},
			`aws:region: is not set: it must name the AWS region to deploy to`,
		},
		"provisioned without shards": {
			map[string]string{"streamMode": "PROVISIONED"},
			`shardCount: 0 is not enough: a PROVISIONED stream needs at least 1 shard`,
		},
		"shards on demand": {
			map[string]string{"shardCount": "4"},
			`shardCount: 4 has no effect: it must be 0 while streamMode is ON_DEMAND`,
		},
		"outbox forgets before the last dead letter": {
			map[string]string{"eventRetentionDays": "21"},
			`eventRetentionDays: 21 is too short: the outbox must keep events for longer than streamRetentionHours and ` +
				`deadLetterRetentionDays together (504h), so at least 22 days`,
		},
		"records expire before their age limit": {
			map[string]string{"streamRetentionHours": "24", "consumerMaxRecordAgeSeconds": "86401"},
			`consumerMaxRecordAgeSeconds: 86401 is too long: after streamRetentionHours (24h) the stream drops a record ` +
				`without a dead letter`,
		},
		"records age while the batch fills": {
			map[string]string{"consumerMaxRecordAgeSeconds": "120", "consumerBatchWindowSeconds": "120"},
			`consumerBatchWindowSeconds: 120 is too long: records would reach consumerMaxRecordAgeSeconds (120) while ` +
				`they wait for their batch to fill`,
		},
		"batch larger than the timeout": {
			map[string]string{"consumerBatchSize": "6001"},
			`consumerTimeoutSeconds: 60 is too short: a batch of consumerBatchSize (6001) records of one order may take ` +
				`1m0.01s, 10ms each`,
		},
		"retries outlast the stream": {
			map[string]string{"consumerMaxRetries": "10000", "consumerTimeoutSeconds": "61"},
			`consumerMaxRetries: 10000 is too many: 10001 tries of consumerTimeoutSeconds (61) each outlast ` +
				`streamRetentionHours (168h), and the stream drops the records without a dead letter`,
		},
		"tokens of nobody for nobody": {
			map[string]string{"auth": "jwt"},
			`auth: jwt needs jwtIssuer and jwtAudience`,
		},
		"tokens for nobody": {
			map[string]string{"auth": "jwt", "jwtIssuer": "https://id.example.com", "jwtScopes": "orders"},
			`auth: jwt needs jwtAudience`,
		},
		"token settings without tokens": {
			map[string]string{"jwtIssuer": "https://id.example.com", "jwtScopes": "orders"},
			`auth: iam makes no use of jwtIssuer and jwtScopes: it must be jwt, or they must be empty`,
		},
		"alarms without metrics": {
			map[string]string{"logLevel": "ERROR"},
			`logLevel: ERROR is too high: the handlers' metrics are lines of their logs at INFO, and alarms on them would ` +
				`see nothing; it must be DEBUG or INFO while alarms is true`,
		},
		"topic of no alarms": {
			map[string]string{"alarms": "false", "alarmTopicArn": "create"},
			`alarmTopicArn: create would never be told of anything: it must be empty while alarms is false`,
		},
		"topic that is a name": {
			map[string]string{"alarmTopicArn": "alarms"},
			`alarmTopicArn: "alarms" is not allowed: it must be an ARN like arn:aws:sns:eu-west-1:123456789012:alarms, or create`,
		},
		"key that is an alias": {
			map[string]string{"kmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:alias/orders"},
			`kmsKeyArn: "arn:aws:kms:eu-west-1:123456789012:alias/orders" is not allowed: it must be the key's own ARN, like ` +
				`arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab, because policies cannot name a key by its alias`,
		},
		"key without its ARN": {
			map[string]string{"kmsKeyArn": "1234abcd-12ab-34cd-56ef-1234567890ab"},
			`kmsKeyArn: "1234abcd-12ab-34cd-56ef-1234567890ab" is not allowed: it must be an ARN like ` +
				`arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab`,
		},
		"key of another region": {
			map[string]string{"kmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
			`kmsKeyArn: arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab is in another region: ` +
				`it must be in aws:region (eu-west-1)`,
		},
		"open and protected": {
			map[string]string{"auth": "none"},
			`auth: none lets anybody write to a stage that is protected: it must be iam or jwt while protect is true`,
		},
		"issuer over the open network": {
			map[string]string{"auth": "jwt", "jwtIssuer": "http://id.example.com", "jwtAudience": "a"},
			`jwtIssuer: "http://id.example.com" is not allowed: it must use https`,
		},
		"issuer that is a name": {
			map[string]string{"auth": "jwt", "jwtIssuer": "example", "jwtAudience": "a"},
			`jwtIssuer: "example" is not allowed: it must be a URL like https://example.com`,
		},
		"nothing between commas": {
			map[string]string{"auth": "jwt", "jwtIssuer": "https://id.example.com", "jwtAudience": "a,,b"},
			`jwtAudience: "a,,b" is not allowed: there is nothing between two commas`,
		},
		"every page in the world": {
			map[string]string{"corsOrigins": "*"},
			`corsOrigins: "*" is not allowed: "*" is not an origin like https://example.com`,
		},
		"origin with a path": {
			map[string]string{"corsOrigins": "https://example.com,https://example.com/"},
			`corsOrigins: "https://example.com,https://example.com/" is not allowed: "https://example.com/" is not an origin like https://example.com`,
		},
		"reservation below the readers": {
			map[string]string{"streamMode": "PROVISIONED", "shardCount": "4", "consumerReservedConcurrency": "7"},
			`consumerReservedConcurrency: 7 is too low: shardCount (4) times consumerParallelization (2) batches are ` +
				`worked on at once, and the consumer would be throttled; it must be at least 8`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(c.values)
			if err == nil {
				t.Fatal("no error")
			}
			want := "1 mistake in the configuration of stage \"test\":\n  " + c.want
			if diff := cmp.Diff(want, err.Error()); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadConfigAcceptsTheLimits(t *testing.T) {
	for name, values := range map[string]map[string]string{
		"outbox outlives by a day":   {"eventRetentionDays": "22"},
		"age limit of the retention": {"streamRetentionHours": "24", "consumerMaxRecordAgeSeconds": "86400"},
		"largest batch that fits":    {"consumerBatchSize": "6000"},
		"reservation of the readers": {"streamMode": "PROVISIONED", "shardCount": "4", "consumerReservedConcurrency": "8"},
		"reservation on demand":      {"consumerReservedConcurrency": "1"},
		"longest stream":             {"streamRetentionHours": "8760", "eventRetentionDays": "400"},
		"issuer on this machine":     {"auth": "jwt", "jwtIssuer": "http://127.0.0.1:9000", "jwtAudience": "a"},
		"key of many regions":        {"kmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/mrk-1234abcd12ab34cd56ef1234567890ab"},
		"open and not protected":     {"auth": "none", "protect": "false"},
		"no retries":                 {"consumerMaxRetries": "0"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := read(values); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestReadConfigReportsAllMistakesTogether(t *testing.T) {
	_, err := read(map[string]string{
		"aws:region":                  "",
		"consumerBatchSize":           "0",
		"tracing":                     "on",
		"shardCount":                  "2",
		"consumerReservedConcurrency": "none",
		"eventRetentionDays":          "1",
	})
	if err == nil {
		t.Fatal("no error")
	}
	want := strings.Join([]string{
		`6 mistakes in the configuration of stage "test":`,
		`  consumerBatchSize: "0" is not allowed: it must be 1 to 10000`,
		`  consumerReservedConcurrency: "none" is not allowed: it must be a whole number, -1 or 1 to 100000`,
		`  tracing: "on" is not allowed: it must be true or false`,
		`  aws:region: is not set: it must name the AWS region to deploy to`,
		`  shardCount: 2 has no effect: it must be 0 while streamMode is ON_DEMAND`,
		`  eventRetentionDays: 1 is too short: the outbox must keep events for longer than streamRetentionHours and ` +
			`deadLetterRetentionDays together (504h), so at least 22 days`,
	}, "\n")
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

func TestMistakesStopTheProgramBeforeItDeclaresAnything(t *testing.T) {
	r := &recorder{}
	err := program(r, "outbox", configuration(t, "outbox", map[string]string{"logLevel": "LOUD"}), stack.Deploy)
	if err == nil || !strings.Contains(err.Error(), "logLevel") {
		t.Errorf("error %v, want one that names logLevel", err)
	}
	if len(r.resources) > 0 || len(r.calls) > 0 {
		t.Errorf("%d resources were declared and %d commands run", len(r.resources), len(r.calls))
	}
}

// The Pulumi CLI checks types and fills in defaults by Pulumi.yaml.
func TestPulumiYAMLDeclaresEveryKey(t *testing.T) {
	project, err := workspace.LoadProject(root + "/Pulumi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	type declaration struct{ Type, Default, Description string }
	got := map[string]declaration{}
	for name, d := range project.Config {
		got[strings.TrimPrefix(name, "transactional-outbox:")] =
			declaration{d.TypeName(), fmt.Sprint(d.Default), strings.TrimSpace(d.Description)}
	}
	want := map[string]declaration{}
	for _, k := range stack.ConfigReference() {
		want[k.Name] = declaration{k.Type, k.Default, k.Meaning}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Pulumi.yaml (-stack.ConfigReference +Pulumi.yaml):\n%s", diff)
	}
}
