package stack

import (
	"fmt"
	"slices"
	"time"
)

// configRule is a rule about how the values of several keys fit together.
type configRule struct {
	// keys are those the rule looks at.
	keys []string
	// broken says how the rule is broken, naming a key, its value and what it
	// must be, or is empty.
	broken func(*Config) string
}

// concerns tells whether the rule looks at one of keys.
func (r configRule) concerns(keys map[string]bool) bool {
	return slices.ContainsFunc(r.keys, func(k string) bool { return keys[k] })
}

// perRecord is the time the consumer's timeout must leave for each record of
// a batch: in the worst case all are of one order, applied one after another.
const perRecord = 10 * time.Millisecond

func configRules() []configRule {
	return slices.Concat(accessRules(), encryptionRules(), flowRules(), alarmRules())
}

// flowRules are about how events get from the outbox to the consumer.
func flowRules() []configRule {
	return []configRule{
		{
			keys: []string{"streamMode", "shardCount"},
			broken: func(c *Config) string {
				switch {
				case c.StreamMode == Provisioned && c.ShardCount == 0:
					return "shardCount: 0 is not enough: a PROVISIONED stream needs at least 1 shard"
				case c.StreamMode == OnDemand && c.ShardCount != 0:
					return fmt.Sprintf("shardCount: %d has no effect: it must be 0 while streamMode is ON_DEMAND",
						c.ShardCount)
				}
				return ""
			},
		},
		{
			// A redriven dead letter may be as old as both together, and the
			// events that fill its gap must still be there.
			keys: []string{"eventRetentionDays", "streamRetentionHours", "deadLetterRetentionDays"},
			broken: func(c *Config) string {
				least := c.StreamRetention + c.DeadLetterRetention
				if c.EventRetention > least {
					return ""
				}
				return fmt.Sprintf("eventRetentionDays: %d is too short: the outbox must keep events for longer than "+
					"streamRetentionHours and deadLetterRetentionDays together (%s), so at least %d days",
					c.EventRetention/days(1), hours(least), least/days(1)+1)
			},
		},
		{
			keys: []string{"consumerMaxRecordAgeSeconds", "streamRetentionHours"},
			broken: func(c *Config) string {
				if c.ConsumerMaxRecordAge <= c.StreamRetention {
					return ""
				}
				return fmt.Sprintf("consumerMaxRecordAgeSeconds: %d is too long: after streamRetentionHours (%s) the stream "+
					"drops a record without a dead letter",
					c.ConsumerMaxRecordAge/time.Second, hours(c.StreamRetention))
			},
		},
		{
			keys: []string{"consumerMaxRecordAgeSeconds", "consumerBatchWindowSeconds"},
			broken: func(c *Config) string {
				if c.ConsumerMaxRecordAge == 0 || c.ConsumerBatchWindow < c.ConsumerMaxRecordAge {
					return ""
				}
				return fmt.Sprintf("consumerBatchWindowSeconds: %d is too long: records would reach "+
					"consumerMaxRecordAgeSeconds (%d) while they wait for their batch to fill",
					c.ConsumerBatchWindow/time.Second, c.ConsumerMaxRecordAge/time.Second)
			},
		},
		{
			keys: []string{"consumerBatchSize", "consumerTimeoutSeconds"},
			broken: func(c *Config) string {
				least := time.Duration(c.ConsumerBatchSize) * perRecord
				if c.ConsumerTimeout >= least {
					return ""
				}
				return fmt.Sprintf("consumerTimeoutSeconds: %d is too short: a batch of consumerBatchSize (%d) records of one "+
					"order may take %s, %s each", c.ConsumerTimeout/time.Second, c.ConsumerBatchSize, least, perRecord)
			},
		},
		{
			// Otherwise a batch that always times out expires in the stream
			// before it has exhausted its retries: lost without a dead letter.
			keys: []string{"consumerTimeoutSeconds", "consumerBatchWindowSeconds", "consumerMaxRetries", "streamRetentionHours"},
			broken: func(c *Config) string {
				tries := c.ConsumerMaxRetries + 1
				longest := c.ConsumerBatchWindow + time.Duration(tries)*c.ConsumerTimeout
				if longest < c.StreamRetention {
					return ""
				}
				return fmt.Sprintf("consumerMaxRetries: %d is too many: %d tries of consumerTimeoutSeconds (%d) each outlast "+
					"streamRetentionHours (%s), and the stream drops the records without a dead letter",
					c.ConsumerMaxRetries, tries, c.ConsumerTimeout/time.Second, hours(c.StreamRetention))
			},
		},
		{
			keys: []string{"consumerReservedConcurrency", "streamMode", "shardCount", "consumerParallelization"},
			broken: func(c *Config) string {
				readers := c.ShardCount * c.ConsumerParallelization
				if c.ConsumerReservedConcurrency < 0 || c.StreamMode != Provisioned ||
					c.ConsumerReservedConcurrency >= readers {
					return ""
				}
				return fmt.Sprintf("consumerReservedConcurrency: %d is too low: shardCount (%d) times consumerParallelization "+
					"(%d) batches are worked on at once, and the consumer would be throttled; it must be at least %d",
					c.ConsumerReservedConcurrency, c.ShardCount, c.ConsumerParallelization, readers)
			},
		},
	}
}
