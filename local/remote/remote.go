// Package remote puts DynamoDB and Kinesis of other endpoints in the place of the desk's own engines: DynamoDB Local, kinesis-mock, or whatever
// else speaks these protocols.
//
// [NewDynamoDB] and [NewKinesis] return awsapi services that authorize each call as the engines do and hand it on, JSON for JSON. ARNs are translated:
// the desk's carry the desk's region and account, whatever the endpoint has. The changes of a table are read through its DynamoDB stream
// ([DynamoDB.Feed]), which is enabled for it where the table has none; they carry the time to the second, as these streams do.
//
// Streams and tables are removed with the resources that made them, not when the desk stops.
package remote

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/go-json-experiment/json"

	"transactional-outbox/local/awsapi"
)

// Options configures [NewDynamoDB] and [NewKinesis]. Endpoint is required.
type Options struct {
	// Endpoint is the URL of the endpoint, such as http://127.0.0.1:8000.
	Endpoint string
	// Region and Account are those of the desk. Empty means "us-east-1" and "000000000000".
	Region, Account string
	// Credentials sign the requests. Zero means made-up ones, which emulators accept.
	Credentials aws.Credentials
	// Poll is how long readers of changes wait after having found none. 0 means 50 ms.
	Poll time.Duration
	// Client performs the requests. Nil means one of its own.
	Client *http.Client
}

// endpoint speaks one AWS JSON protocol with one endpoint.
type endpoint struct {
	Options
	service string // as signatures name it
	version string // of the JSON protocol
	signer  *v4.Signer
	arns    arns
}

func newEndpoint(o Options, service, version string) (*endpoint, error) {
	parsed, err := url.Parse(o.Endpoint)
	if err != nil || parsed.Host == "" || parsed.Scheme != "http" && parsed.Scheme != "https" {
		return nil, fmt.Errorf("endpoint %q is not a URL such as http://127.0.0.1:8000", o.Endpoint)
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Account == "" {
		o.Account = "000000000000"
	}
	if !o.Credentials.HasKeys() {
		// Letters and digits only: DynamoDB Local refuses others. kinesis-mock takes twelve digits for an account.
		o.Credentials = aws.Credentials{AccessKeyID: o.Account, SecretAccessKey: "desk"}
	}
	if o.Poll == 0 {
		o.Poll = 50 * time.Millisecond
	}
	if o.Client == nil {
		o.Client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	}
	return &endpoint{Options: o, service: service, version: version, signer: v4.NewSigner(),
		arns: arns{own: "arn:aws:" + service + ":" + o.Region + ":" + o.Account + ":"}}, nil
}

// call sends a request to the operation of a target prefix and returns the response. What the endpoint refuses is an *awsapi.Error.
func (e *endpoint) call(ctx context.Context, target, operation string, body []byte) ([]byte, error) {
	body = e.arns.foreign(body)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.Endpoint, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("X-Amz-Target", target+"."+operation)
	request.Header.Set("Content-Type", "application/x-amz-json-"+e.version)
	sum := sha256.Sum256(body)
	if err := e.signer.SignHTTP(ctx, e.Credentials, request, hex.EncodeToString(sum[:]), e.service, e.Region, time.Now()); err != nil {
		return nil, err
	}
	response, err := e.Client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, e.refusal(response.StatusCode, answer)
	}
	if carriesARNs(operation) {
		answer = e.arns.ours(answer)
	}
	return answer, nil
}

// refusal reads the body of an error.
func (e *endpoint) refusal(status int, body []byte) error {
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil || fields["__type"] == nil {
		return fmt.Errorf("%s answered with status %d and %.200q", e.Endpoint, status, body)
	}
	code, _ := fields["__type"].(string)
	if i := strings.LastIndexByte(code, '#'); i >= 0 {
		code = code[i+1:]
	}
	text, ok := fields["message"].(string)
	if !ok {
		text, _ = fields["Message"].(string)
	}
	delete(fields, "__type")
	delete(fields, "message")
	delete(fields, "Message")
	return &awsapi.Error{Code: code, Message: string(e.arns.ours([]byte(text))), Status: status, Fields: fields}
}

// isCode reports whether err is the refusal with a code.
func isCode(err error, code string) bool {
	var refused *awsapi.Error
	return errors.As(err, &refused) && refused.Code == code
}
