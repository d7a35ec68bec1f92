package stack

import (
	"slices"
	"time"
)

// ConfigKey describes one key of a stage's configuration.
type ConfigKey struct {
	// Name is the key without the project's name before it.
	Name string
	// Type is Pulumi's type of the value: string, integer or boolean.
	Type string
	// Default is the value of a stage that does not set the key.
	Default string
	// Rule says in words which values are allowed.
	Rule string
	// Meaning says in a sentence or two what the key does.
	Meaning string
}

// ConfigReference describes every key, in the order of the documentation.
func ConfigReference() []ConfigKey {
	keys := configKeys()
	reference := make([]ConfigKey, len(keys))
	for i, k := range keys {
		reference[i] = k.ConfigKey
	}
	return reference
}

// key is a ConfigKey and how its value becomes part of a Config. The error of
// set completes the sentence "x is not allowed: ".
type key struct {
	ConfigKey

	set func(*Config, string) error
}

// configKeys are all keys.
func configKeys() []key {
	return slices.Concat(buildKeys(), streamKeys(), consumerKeys(), apiKeys(), accessKeys(), encryptionKeys(), alarmKeys(), operationKeys())
}

func buildKeys() []key {
	return []key{
		choice("architecture", ARM64, []Architecture{ARM64, X8664},
			"Instruction set of all functions. The handlers are compiled for it.",
			func(c *Config, v Architecture) { c.Architecture = v }),
	}
}

func streamKeys() []key {
	return []key{
		choice("streamMode", OnDemand, []StreamMode{OnDemand, Provisioned},
			"How the stream gets its capacity: by itself, or as many shards as shardCount says.",
			func(c *Config, v StreamMode) { c.StreamMode = v }),
		integer("shardCount", 0, between(0, 10000),
			"Shards of a PROVISIONED stream; 0 for an ON_DEMAND one.",
			func(c *Config, n int) { c.ShardCount = n }),
		integer("streamRetentionHours", 168, between(24, 8760),
			"How long the stream keeps a record: the longest outage of the consumer after which it still catches up by itself.",
			func(c *Config, n int) { c.StreamRetention = time.Duration(n) * time.Hour }),
		integer("eventRetentionDays", 30, between(1, 3650),
			"How long the outbox keeps an event: the horizon of replays and of filling gaps.",
			func(c *Config, n int) { c.EventRetention = days(n) }),
		integer("deadLetterRetentionDays", 14, between(1, 14),
			"How long a dead letter waits to be redriven.",
			func(c *Config, n int) { c.DeadLetterRetention = days(n) }),
	}
}

func consumerKeys() []key {
	return []key{
		integer("consumerBatchSize", 100, between(1, 10000),
			"Most records in one invocation of the consumer.",
			func(c *Config, n int) { c.ConsumerBatchSize = n }),
		integer("consumerBatchWindowSeconds", 0, between(0, 300),
			"Longest wait for a batch to fill. 0 invokes the consumer as soon as there is a record.",
			func(c *Config, n int) { c.ConsumerBatchWindow = time.Duration(n) * time.Second }),
		integer("consumerParallelization", 2, between(1, 10),
			"Batches of one shard that are worked on at once, never two of the same partition key.",
			func(c *Config, n int) { c.ConsumerParallelization = n }),
		integer("consumerMaxRetries", 5, between(0, 10000),
			"How often a failing batch, halved each time, is tried again before it becomes a dead letter.",
			func(c *Config, n int) { c.ConsumerMaxRetries = n }),
		integer("consumerMaxRecordAgeSeconds", -1, orNone(-1, between(60, 604800)),
			"Age at which a record becomes a dead letter without being tried. -1, no limit, lets the consumer catch up "+
				"with a whole outage by itself; a limit would turn its backlog into dead letters.",
			func(c *Config, n int) { c.ConsumerMaxRecordAge = time.Duration(max(n, 0)) * time.Second }),
		integer("consumerReservedConcurrency", -1, orNone(-1, between(1, 100000)),
			"Concurrency set aside for the consumer, which is also its limit. -1 shares the account's.",
			func(c *Config, n int) { c.ConsumerReservedConcurrency = n }),
		integer("consumerMemoryMb", 512, between(128, 10240),
			"Memory of the consumer, which also decides its share of CPU.",
			func(c *Config, n int) { c.ConsumerMemoryMB = n }),
		integer("consumerTimeoutSeconds", 60, between(1, 900),
			"Longest invocation of the consumer.",
			func(c *Config, n int) { c.ConsumerTimeout = time.Duration(n) * time.Second }),
	}
}

func apiKeys() []key {
	return []key{
		integer("apiMemoryMb", 512, between(128, 10240),
			"Memory of the functions behind the API, which also decides their share of CPU.",
			func(c *Config, n int) { c.APIMemoryMB = n }),
		// An HTTP API waits 30 seconds at most; one is left to answer in.
		integer("apiTimeoutSeconds", 10, between(1, 29),
			"Longest invocation of the functions behind the API.",
			func(c *Config, n int) { c.APITimeout = time.Duration(n) * time.Second }),
		integer("apiRateLimit", 1000, between(1, 1000000),
			"Requests per second that the API lets through; more are answered 429.",
			func(c *Config, n int) { c.APIRateLimit = n }),
		integer("apiBurstLimit", 500, between(1, 1000000),
			"Requests that may come at once before the rate limit applies.",
			func(c *Config, n int) { c.APIBurstLimit = n }),
	}
}

func operationKeys() []key {
	return []key{
		choice("logLevel", LogInfo, []LogLevel{LogDebug, LogInfo, LogWarn, LogError},
			"Least level of the handlers' logs that is kept.",
			func(c *Config, v LogLevel) { c.LogLevel = v }),
		// PutRetentionPolicy takes these and no other.
		integer("logRetentionDays", 30, oneOf(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731,
			1096, 1827, 2192, 2557, 2922, 3288, 3653),
			"How long logs are kept.",
			func(c *Config, n int) { c.LogRetentionDays = n }),
		boolean("tracing", true,
			"Trace the functions with X-Ray.",
			func(c *Config, v bool) { c.Tracing = v }),
		boolean("protect", true,
			"Refuse to delete anything of the stage, and keep point-in-time recovery of the tables.",
			func(c *Config, v bool) { c.Protect = v }),
	}
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
