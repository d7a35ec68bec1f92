package stack

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Function is what the configuration says about a function behind an API. Its
// environment and what it may do are for the caller to add.
func (c *Config) Function(code pulumi.ArchiveInput, description string, tags pulumi.StringMap) *FunctionArgs {
	return &FunctionArgs{
		Description:      pulumi.String(description),
		Code:             code,
		Architecture:     pulumi.String(c.Architecture),
		MemoryMB:         pulumi.Int(c.APIMemoryMB),
		TimeoutSeconds:   seconds(c.APITimeout),
		LogLevel:         pulumi.String(c.LogLevel),
		LogRetentionDays: pulumi.Int(c.LogRetentionDays),
		Tracing:          c.Tracing,
		KMSKeyARN:        c.KMSKeyARN,
		Tags:             tags,
	}
}

// Consumer is what the configuration says about a consumer of outbox whose
// own table, named in the plural, has the partition key key. Any number of
// consumers read one outbox, each with its own position and dead letters, and
// each is watched.
func (c *Config) Consumer(
	table, key string, outbox *Outbox, code pulumi.ArchiveInput, description string, tags pulumi.StringMap,
) *ConsumerArgs {
	function := c.Function(code, description, tags)
	function.MemoryMB = pulumi.Int(c.ConsumerMemoryMB)
	function.TimeoutSeconds = seconds(c.ConsumerTimeout)
	function.ReservedConcurrency = pulumi.Int(c.ConsumerReservedConcurrency)
	return &ConsumerArgs{
		Table:                      table,
		Key:                        key,
		Function:                   function,
		Stream:                     outbox.Stream,
		Events:                     outbox.Events,
		BatchSize:                  pulumi.Int(c.ConsumerBatchSize),
		BatchWindowSeconds:         seconds(c.ConsumerBatchWindow),
		Parallelization:            pulumi.Int(c.ConsumerParallelization),
		MaxRetries:                 pulumi.Int(c.ConsumerMaxRetries),
		MaxRecordAgeSeconds:        c.recordAge(),
		DeadLetterRetentionSeconds: seconds(c.DeadLetterRetention),
		KMSKeyARN:                  c.KMSKeyARN,
		Protect:                    c.Protect,
		Declared:                   func(made *Consumer) { outbox.Consumers = append(outbox.Consumers, made) },
		Tags:                       tags,
	}
}

// recordAge is the mapping's own spelling of "no limit", -1, where there is none.
func (c *Config) recordAge() pulumi.Int {
	if c.ConsumerMaxRecordAge == 0 {
		return pulumi.Int(-1)
	}
	return seconds(c.ConsumerMaxRecordAge)
}

func seconds(d time.Duration) pulumi.Int {
	return pulumi.Int(int(d / time.Second))
}
