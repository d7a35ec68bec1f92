package awsapi

import (
	"log/slog"
	"net/http"
)

// The X-Amz-Target prefixes of the services that can be served.
const (
	DynamoDB        = "DynamoDB_20120810"
	DynamoDBStreams = "DynamoDBStreams_20120810"
	Kinesis         = "Kinesis_20131202"
	SQS             = "AmazonSQS"
)

// DefaultMaxRequestBytes is the request size limit when Options does not say another: what DynamoDB's BatchWriteItem may carry.
const DefaultMaxRequestBytes = 16 << 20

// Options configures [NewHandler]. A nil *Options and every zero field work.
type Options struct {
	// Services maps the X-Amz-Target prefix (one of the constants of this package) to the engine behind it. A service that is missing
	// is answered with UnknownOperationException.
	Services map[string]Service

	// Principal returns what the holder of an access key id may do. A nil Authorizer means the desk's owner. An *Error is answered as
	// it is. Nil Principal: every caller is the owner. It is called once per request with keys that stay few, and must be quick.
	Principal func(accessKeyID string) (Authorizer, error)

	// Intercept, if set, sees every request before its engine does, and may answer in its place: an *Error is sent to the caller; nil
	// lets the request through. It may also delay, honouring ctx of the request. It is the seam for fault injection.
	Intercept func(r *http.Request, service, operation string) error

	// Aborted, if set, is asked for each request after the engine has done its work: true drops the connection without an answer, so
	// that the caller does not know what happened.
	Aborted func(r *http.Request, service, operation string) bool

	// MaxRequestBytes limits the request body. 0 means DefaultMaxRequestBytes.
	MaxRequestBytes int64

	// RequestID returns a new request id. Nil means random UUIDs.
	RequestID func() string

	// Logger receives internal failures. Nil discards them.
	Logger *slog.Logger
}
