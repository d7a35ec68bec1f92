package cloud_test

import (
	"strings"
	"testing"

	"transactional-outbox/local/cloud"
)

func TestEndpointsThatAreNone(t *testing.T) {
	for _, options := range []cloud.Options{{DynamoDBEndpoint: "localhost"}, {KinesisEndpoint: "localhost"}} {
		if _, err := cloud.New(options); err == nil || !strings.Contains(err.Error(), `endpoint "localhost" is not a URL`) {
			t.Errorf("got %v", err)
		}
	}
}
