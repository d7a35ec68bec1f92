package health

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"transactional-outbox/handlers/outbox"
)

// redeploy repairs whatever is not as the program declares it.
const redeploy = "pulumi up --refresh"

// outbox checks the events table: its time to live, and the stream that the auditor reads.
func (e *examination) outbox(ctx context.Context) {
	const check = "outbox"
	out, err := e.DynamoDB.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: aws.String(e.EventsTable)})
	if err != nil {
		e.failed(check, err)
		return
	}
	ttl, err := e.DynamoDB.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: aws.String(e.EventsTable)})
	if err != nil {
		e.failed(check, err)
		return
	}
	e.eventsStreamARN = aws.ToString(out.Table.LatestStreamArn)
	stream := out.Table.StreamSpecification
	living := ttl.TimeToLiveDescription
	switch {
	case out.Table.TableStatus != types.TableStatusActive:
		e.add(check, Unwell, fmt.Sprintf("table %s is %s", e.EventsTable, out.Table.TableStatus), "wait until it is ACTIVE")
	case stream == nil || !aws.ToBool(stream.StreamEnabled) || stream.StreamViewType != types.StreamViewTypeNewAndOldImages:
		e.add(check, Unwell, fmt.Sprintf("table %s has no stream of new and old images: the auditor cannot put back what expires", e.EventsTable), redeploy)
	case living == nil || living.TimeToLiveStatus != types.TimeToLiveStatusEnabled || aws.ToString(living.AttributeName) != "expiresAt":
		e.add(check, Unwell, fmt.Sprintf("table %s has no time to live on expiresAt: the outbox grows without end", e.EventsTable), redeploy)
	default:
		e.add(check, Healthy, fmt.Sprintf("table %s streams old and new images, and its events expire", e.EventsTable), "")
	}
}

// destination checks that changes of the outbox go to the stream, with the precision that cannot be changed without losing some.
func (e *examination) destination(ctx context.Context) {
	const check = "streaming destination"
	out, err := e.DynamoDB.DescribeKinesisStreamingDestination(ctx, &dynamodb.DescribeKinesisStreamingDestinationInput{TableName: aws.String(e.EventsTable)})
	if err != nil {
		e.failed(check, err)
		return
	}
	for _, d := range out.KinesisDataStreamDestinations {
		if e.StreamARN != "" && aws.ToString(d.StreamArn) != e.StreamARN {
			continue
		}
		switch {
		case d.DestinationStatus != types.DestinationStatusActive:
			e.add(check, Unwell, fmt.Sprintf("is %s, so events are committed that nobody is told of: %s", d.DestinationStatus, aws.ToString(d.DestinationStatusDescription)),
				redeploy+", then go run ./ops reconcile -repair")
		case d.ApproximateCreationDateTimePrecision != types.ApproximateCreationDateTimePrecisionMicrosecond:
			e.add(check, Unwell, fmt.Sprintf("is ACTIVE with precision %s, want MICROSECOND", d.ApproximateCreationDateTimePrecision),
				redeploy+", then go run ./ops reconcile -repair: changes are lost while it is replaced")
		default:
			e.add(check, Healthy, "is ACTIVE with microseconds", "")
		}
		return
	}
	e.add(check, Unwell, "the outbox has none to stream "+e.StreamName, redeploy+", then go run ./ops reconcile -repair")
}

// stream checks the event stream itself.
func (e *examination) stream(ctx context.Context) {
	const check = "stream"
	out, err := e.Kinesis.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: aws.String(e.StreamName)})
	if err != nil {
		e.failed(check, err)
		return
	}
	summary := out.StreamDescriptionSummary
	e.streamRetention = time.Duration(aws.ToInt32(summary.RetentionPeriodHours)) * time.Hour
	if s := summary.StreamStatus; s != kinesistypes.StreamStatusActive && s != kinesistypes.StreamStatusUpdating {
		e.add(check, Unwell, fmt.Sprintf("%s is %s", e.StreamName, s), redeploy)
		return
	}
	e.add(check, Healthy, fmt.Sprintf("%s is %s, %d open shards, keeps records for %s", e.StreamName, summary.StreamStatus,
		aws.ToInt32(summary.OpenShardCount), hours(e.streamRetention)), "")
}

// deadLetters checks a queue that should be empty.
func (e *examination) deadLetters(ctx context.Context, check, url string) {
	census, err := e.queue(url).Count(ctx)
	if err != nil {
		e.failed(check, err)
		return
	}
	if url == e.DeadLetterQueueURL {
		e.letterRetention = census.Retention
	}
	if n := census.Visible + census.Hidden; n > 0 {
		e.add(check, Unwell, fmt.Sprintf("%d are waiting, %d of them taken by somebody", n, census.Hidden), "go run ./ops redrive")
		return
	}
	e.add(check, Healthy, "none", "")
}

var errEmpty = errors.New("the outbox is empty")

// retention checks that the outbox keeps an event for longer than a redriven dead letter can be old: it must still be there to fill
// the gap.
func (e *examination) retention(ctx context.Context) {
	const check = "retention"
	kept, err := e.eventRetention(ctx)
	switch {
	case errors.Is(err, errEmpty):
		e.add(check, Skipped, err.Error()+", so it cannot be told how long it keeps an event", "")
		return
	case err != nil:
		e.failed(check, err)
		return
	case e.streamRetention == 0 || e.letterRetention == 0:
		e.add(check, Unknown, "the retention of the stream or of the dead letters is not known", "")
		return
	}
	text := fmt.Sprintf("the outbox keeps events for %s, the stream for %s, dead letters are kept for %s", hours(kept), hours(e.streamRetention), hours(e.letterRetention))
	if least := e.streamRetention + e.letterRetention; kept <= least {
		e.add(check, Unwell, text+": an old dead letter may find its events gone", fmt.Sprintf("set eventRetentionDays to at least %d, then pulumi up", least/(24*time.Hour)+1))
		return
	}
	e.add(check, Healthy, text, "")
}

// eventRetention tells from a few events how long the outbox keeps one: the longest of them, because others may have been put back.
func (e *examination) eventRetention(ctx context.Context) (time.Duration, error) {
	const some = 10
	out, err := e.DynamoDB.Scan(ctx, &dynamodb.ScanInput{TableName: aws.String(e.EventsTable), Limit: aws.Int32(some)})
	if err != nil {
		return 0, err
	}
	kept := time.Duration(0)
	for _, item := range out.Items {
		event, err := outbox.FromItem(item)
		if err == nil && !event.ExpiresAt.IsZero() && !event.Time.IsZero() {
			kept = max(kept, event.ExpiresAt.Sub(event.Time).Round(time.Minute))
		}
	}
	if kept == 0 {
		return 0, errEmpty
	}
	return kept, nil
}

func hours(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= 2*day && d%day == 0 {
		return fmt.Sprintf("%d days", d/day)
	}
	return fmt.Sprintf("%dh", d/time.Hour)
}
