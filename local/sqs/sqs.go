// Package sqs is Amazon SQS in memory: standard queues over the JSON protocol.
//
// Start one with [New] and serve it through awsapi under AmazonSQS. Queues begin empty and are gone with the engine; nothing runs in
// the background: visibility timeouts, delays and retention are worked out from the clock when a queue is used.
//
// A message is delivered at least once; within its visibility timeout it is not delivered again. Messages come in roughly the order
// they were sent.
//
// What a queue's policy denies is denied to every caller, the desk's owner included. What it allows adds nothing to what the caller's own
// policies allow: there are no other accounts, and no services that send, on the desk. A Deny for particular principals is refused. The
// desk's endpoint on 127.0.0.1 counts as secure transport (aws:SecureTransport is true), so a policy that denies everything without TLS
// denies nothing here.
//
// Differences from AWS: attributes, purges and deletions take effect at once (a deleted queue's name can be used again without waiting a
// minute), counts are exact, encryption is recorded and not done, RedriveAllowPolicy is recorded and not enforced. FIFO queues,
// permissions by AddPermission and message move tasks are refused by name.
package sqs

import (
	"time"

	"transactional-outbox/local/awsapi"
)

var _ awsapi.Service = (*Engine)(nil)

// Options configures [New]. A nil *Options and every zero field work.
type Options struct {
	// Account is the account id in ARNs and URLs. "" means 000000000000.
	Account string
	// Region is the region in ARNs. "" means us-east-1.
	Region string
	// Endpoint is what queue URLs begin with. "" means http://127.0.0.1:4566. [Engine.SetEndpoint] changes it, for a server that
	// learns its port late.
	Endpoint string
	// Clock tells the time. Nil means time.Now.
	Clock func() time.Time
}
