package stage

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/go-json-experiment/json"
)

// A Mapping is an event source mapping as Lambda describes it.
// https://docs.aws.amazon.com/lambda/latest/api/API_GetEventSourceMapping.html
type Mapping struct {
	UUID                       string
	State                      string
	LastProcessingResult       string
	EventSourceArn             string
	FunctionArn                string
	StartingPosition           string
	BisectBatchOnFunctionError bool
	MaximumRetryAttempts       *int
	FunctionResponseTypes      []string
	FilterCriteria             struct {
		Filters []struct{ Pattern string }
	}
	DestinationConfig struct {
		OnFailure struct{ Destination string }
	}
}

// A StatusError is an answer of Lambda other than success.
type StatusError struct {
	Status int
	Body   string
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%d %s: %s", e.Status, http.StatusText(e.Status), strings.TrimSpace(e.Body))
}

// Mapping asks Lambda for an event source mapping. The request is signed by hand: one GET does not merit a client.
func (s *Stage) Mapping(ctx context.Context, id string, now time.Time) (*Mapping, error) {
	endpoint := "https://lambda." + s.Region + ".amazonaws.com"
	if s.AWSEndpoint != "" {
		endpoint = s.AWSEndpoint
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, endpoint+"/2015-03-31/event-source-mappings/"+url.PathEscape(id), nil)
	if err != nil {
		return nil, err
	}
	credentials, err := s.config.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, err
	}
	empty := sha256.Sum256(nil)
	if err := v4.NewSigner().SignHTTP(ctx, credentials, request, hex.EncodeToString(empty[:]), "lambda", s.Region, now); err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	response, err := s.http.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	const limit = 1 << 20
	body, err := io.ReadAll(io.LimitReader(response.Body, limit))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, &StatusError{response.StatusCode, string(body)}
	}
	m := new(Mapping)
	if err := json.Unmarshal(body, m); err != nil {
		return nil, fmt.Errorf("event source mapping: %w", err)
	}
	return m, nil
}

// Unserved says whether the answer is that of an endpoint that does not serve Lambda's API at all, as the desk's may not.
func (e *StatusError) Unserved() bool {
	return strings.Contains(e.Body, "UnknownOperationException") || e.Status == http.StatusNotFound && !strings.Contains(e.Body, "ResourceNotFoundException")
}
