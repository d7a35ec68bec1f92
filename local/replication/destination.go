package replication

import (
	"context"
	"strings"
	"sync"
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/kinesis"
)

// Status is the state of a streaming destination, as DescribeKinesisStreamingDestination names it.
type Status string

// The states.
const (
	Enabling     Status = "ENABLING"
	Active       Status = "ACTIVE"
	Disabling    Status = "DISABLING"
	Disabled     Status = "DISABLED"
	EnableFailed Status = "ENABLE_FAILED"
	Updating     Status = "UPDATING"
)

// Destination is the streaming destination of one table. It is safe for concurrent use.
type Destination struct {
	stream string
	source Source
	writer Writer
	opts   Options

	mu        sync.Mutex
	status    Status
	precision Precision
	reason    string
	oldest    time.Time // when the oldest change that is not on the stream was committed

	counts counters
	stop   context.CancelFunc
	done   chan struct{}
}

// Describer is implemented by a [Writer] that can tell whether a stream is there. [kinesis.API] is one.
type Describer interface {
	DescribeStreamSummary(ctx context.Context, auth awsapi.Authorizer, in *kinesis.DescribeStreamSummaryInput) (*kinesis.DescribeStreamSummaryOutput, error)
}

// Enable starts to replicate the changes of source, which must have been opened for this purpose, to the stream streamARN. The
// destination is ACTIVE when Enable returns. If writer is a [Describer] and the stream cannot be described, the error says so and the
// destination is returned nonetheless, with the status ENABLE_FAILED: nothing is replicated.
func Enable(source Source, writer Writer, streamARN string, opts *Options) (*Destination, error) {
	if source == nil || writer == nil || streamARN == "" {
		return nil, errArguments
	}
	d := &Destination{stream: streamARN, source: source, writer: writer, status: Enabling, done: make(chan struct{})}
	if opts != nil {
		d.opts = *opts
	}
	d.opts.setDefaults(streamARN)
	d.precision = d.opts.Precision
	if err := checkPrecision(d.precision); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	d.stop = cancel
	if describer, ok := writer.(Describer); ok {
		if _, err := describer.DescribeStreamSummary(ctx, d.opts.Authorizer, &kinesis.DescribeStreamSummaryInput{StreamARN: streamARN}); err != nil {
			d.setStatus(EnableFailed, err.Error())
			close(d.done)
			return d, err
		}
	}
	d.setStatus(Active, "")
	go d.run(ctx)
	return d, nil
}

// UpdatePrecision changes the precision of the records to come; what is being written keeps the old one, and until it is on the stream
// the status is UPDATING. The one that is in force already is refused, as AWS does.
func (d *Destination) UpdatePrecision(p Precision) error {
	if err := checkPrecision(p); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.status != Active:
		return awsapi.Errorf("ValidationException", "Streaming destination must be ACTIVE to perform update.")
	case d.precision == p:
		return awsapi.Errorf("ValidationException",
			"Invalid Request: Precision is already set to the desired value of %s for streaming destination: %s", p, d.stream)
	}
	d.precision = p
	if !d.oldest.IsZero() {
		d.status = Updating // until what is being written in the old precision is on the stream
	}
	return nil
}

// Disable ends the replication: changes that were read and not yet written are lost, as on AWS. It returns when nothing runs any more,
// and may be called more than once.
func (d *Destination) Disable() error {
	d.setStatus(Disabling, "")
	d.stop()
	<-d.done
	d.setStatus(Disabled, "")
	return nil
}

func (d *Destination) setStatus(s Status, reason string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.status, d.reason = s, reason
}

func checkPrecision(p Precision) error {
	if p != Millisecond && p != Microsecond {
		return awsapi.Errorf("ValidationException", "1 validation error detected: Value '%s' at "+
			"'enableKinesisStreamingConfiguration.approximateCreationDateTimePrecision' failed to satisfy constraint: "+
			"Member must satisfy enum value set: [MILLISECOND, MICROSECOND]", p)
	}
	return nil
}

// arnRegion returns the fourth part of an ARN.
func arnRegion(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[3]
	}
	return ""
}
