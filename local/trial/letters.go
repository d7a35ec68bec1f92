package trial

import (
	"context"
	"strconv"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/awsapi"
)

// letters is how many messages are in a queue, those included that somebody has received and not deleted.
func letters(ctx context.Context, queues awsapi.Service, queue string) (total int64, err error) {
	const visible, hidden = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
	out, err := call[struct{ Attributes map[string]string }](ctx, queues, "GetQueueAttributes",
		map[string]any{"QueueUrl": queue, "AttributeNames": []string{visible, hidden}})
	if err != nil {
		return 0, err
	}
	for _, name := range []string{visible, hidden} {
		n, err := strconv.ParseInt(out.Attributes[name], 10, 64)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

// batchSize is how many records a dead letter is about; 0 if it does not say.
// https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
func batchSize(letter string) int64 {
	type info struct {
		BatchSize int64 `json:"batchSize"`
	}
	var body struct {
		Kinesis  info `json:"KinesisBatchInfo"`
		DynamoDB info `json:"DDBStreamBatchInfo"`
	}
	if json.Unmarshal([]byte(letter), &body) != nil {
		return 0
	}
	return body.Kinesis.BatchSize + body.DynamoDB.BatchSize
}
