package stack

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

// Architecture is a Lambda instruction set.
type Architecture string

// The architectures Lambda offers.
const (
	ARM64 Architecture = "arm64"
	X8664 Architecture = "x86_64"
)

// goarch is Go's name of the architecture.
func (a Architecture) goarch() string {
	if a == X8664 {
		return "amd64"
	}
	return string(a)
}

// StreamMode is how a Kinesis stream gets its capacity.
type StreamMode string

// The modes of Kinesis.
const (
	OnDemand    StreamMode = "ON_DEMAND"
	Provisioned StreamMode = "PROVISIONED"
)

// LogLevel is the least level of a handler's log that is kept.
type LogLevel string

// The levels that Lambda and log/slog have in common.
const (
	LogDebug LogLevel = "DEBUG"
	LogInfo  LogLevel = "INFO"
	LogWarn  LogLevel = "WARN"
	LogError LogLevel = "ERROR"
)

// Config is the configuration of a stage. ConfigReference explains each key;
// fields of the same name hold its value.
type Config struct {
	// Region is aws:region.
	Region string

	Architecture Architecture

	StreamMode      StreamMode
	ShardCount      int // 0 unless StreamMode is Provisioned
	StreamRetention time.Duration

	EventRetention      time.Duration
	DeadLetterRetention time.Duration

	ConsumerBatchSize           int
	ConsumerBatchWindow         time.Duration
	ConsumerParallelization     int
	ConsumerMaxRetries          int
	ConsumerMaxRecordAge        time.Duration // 0 is no limit
	ConsumerReservedConcurrency int           // -1 is none
	ConsumerMemoryMB            int
	ConsumerTimeout             time.Duration

	APIMemoryMB   int
	APITimeout    time.Duration
	APIRateLimit  int
	APIBurstLimit int

	Auth        AuthMode
	JWTIssuer   string
	JWTAudience []string
	JWTScopes   []string
	CORSOrigins []string

	KMSKeyARN string // empty without a customer managed key

	Alarms     bool
	AlarmTopic string // an ARN, CreateTopic or empty

	LogLevel         LogLevel
	LogRetentionDays int
	Tracing          bool

	// Protect refuses to delete anything of the stage. What keeps orders or
	// events is replaced on no stage.
	Protect bool
}

// ReadConfig reads the stage's configuration. Its error names every mistake:
// the key, its value and the rule it breaks.
func ReadConfig(ctx *pulumi.Context) (*Config, error) {
	own := config.New(ctx, "")
	cfg := &Config{}
	mistaken := map[string]bool{}
	var mistakes []string

	for _, k := range configKeys() {
		value := k.Default
		if set, err := own.Try(k.Name); err == nil {
			value = set
		}
		if err := k.set(cfg, value); err != nil {
			mistaken[k.Name] = true
			mistakes = append(mistakes, fmt.Sprintf("%s: %q is not allowed: %v", k.Name, value, err))
		}
	}
	var err error
	if cfg.Region, err = config.New(ctx, "aws").Try("region"); err != nil || cfg.Region == "" {
		mistakes = append(mistakes, "aws:region: is not set: it must name the AWS region to deploy to")
	}
	for _, r := range configRules() {
		// A rule about a value that is no value would only confuse.
		if r.concerns(mistaken) {
			continue
		}
		if text := r.broken(cfg); text != "" {
			mistakes = append(mistakes, text)
		}
	}
	if len(mistakes) > 0 {
		return nil, errors.New(listMistakes(ctx.Stack(), mistakes))
	}
	return cfg, nil
}

func listMistakes(stage string, mistakes []string) string {
	noun := "mistakes"
	if len(mistakes) == 1 {
		noun = "mistake"
	}
	return fmt.Sprintf("%d %s in the configuration of stage %q:\n  %s",
		len(mistakes), noun, stage, strings.Join(mistakes, "\n  "))
}
