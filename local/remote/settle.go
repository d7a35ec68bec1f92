package remote

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/awsapi"
)

// settleTime bounds how long a table or a stream may take to become active.
const settleTime = 2 * time.Minute

// changing are the operations after which a table or a stream is not active for a while. The desk's engines answer when it is.
var changing = []string{
	"CreateTable", "UpdateTable",
	"CreateStream", "MergeShards", "SplitShard", "StartStreamEncryption", "StopStreamEncryption", "UpdateShardCount", "UpdateStreamMode",
	"IncreaseStreamRetentionPeriod", "DecreaseStreamRetentionPeriod",
}

// settle waits after an operation until what it has changed is active.
func settle(ctx context.Context, service awsapi.Service, operation string, request []byte, poll time.Duration) error {
	if !slices.Contains(changing, operation) {
		return nil
	}
	var named struct {
		TableName  string `json:",omitempty"`
		StreamName string `json:",omitempty"`
		StreamARN  string `json:",omitempty"`
	}
	if err := json.Unmarshal(request, &named); err != nil {
		return err
	}
	describe := "DescribeStreamSummary"
	if named.TableName != "" {
		describe = "DescribeTable"
	}
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	for {
		var described struct {
			Table                    struct{ TableStatus string }
			StreamDescriptionSummary struct{ StreamStatus string }
		}
		if err := ask(ctx, service, describe, named, &described); err != nil && !isCode(err, "ResourceNotFoundException") {
			return err
		}
		status := described.Table.TableStatus + described.StreamDescriptionSummary.StreamStatus
		if status == "ACTIVE" {
			return nil
		}
		select {
		case <-time.After(poll):
		case <-ctx.Done():
			return fmt.Errorf("%s: still %q after %s", operation, status, settleTime)
		}
	}
}
