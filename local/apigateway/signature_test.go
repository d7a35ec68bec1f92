package apigateway_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/apigateway"
	"transactional-outbox/local/awsapi"
)

const forbidden = `{"message":"Forbidden"}`

var alice = aws.Credentials{AccessKeyID: "AKIDALICE", SecretAccessKey: "alice's secret", SessionToken: "alice's token"}

// keyring knows alice, who may do everything, and bob, who may only read.
func keyring(key string) (apigateway.Identity, bool) {
	switch key {
	case alice.AccessKeyID:
		return apigateway.Identity{
			SecretAccessKey: alice.SecretAccessKey, SessionToken: alice.SessionToken,
			AccountID: "000000000000", UserID: "AIDALICE", UserARN: "arn:aws:iam::000000000000:user/alice",
		}, true
	case "AKIDBOB":
		return apigateway.Identity{SecretAccessKey: "bob's secret", AccountID: "000000000000", UserID: "AIDBOB", UserARN: "arn:aws:iam::000000000000:user/bob",
			Authorizer: func(action, resource string) error {
				if action == "execute-api:Invoke" && strings.HasPrefix(resource, "arn:aws:execute-api:us-east-1:000000000000:api-id/$default/GET/") {
					return nil
				}
				return awsapi.Errorf("AccessDeniedException", "no")
			}}, true
	}
	return apigateway.Identity{}, false
}

func newSignedAPI(t *testing.T, rec *recorder, keys ...string) *apigateway.API {
	t.Helper()
	api := newAPI(t, rec, &apigateway.Options{Clock: fixedClock, Identify: keyring})
	for _, key := range keys {
		check(t, api.PutRoute(key, apigateway.Route{Key: key, Target: "integrations/hello", AuthorizationType: "AWS_IAM"}))
	}
	return api
}

// sign signs as the SDK for Go does.
func sign(t *testing.T, r *http.Request, body string, by aws.Credentials, region string, at time.Time) *http.Request {
	t.Helper()
	sum := sha256.Sum256([]byte(body))
	if err := v4.NewSigner().SignHTTP(context.Background(), by, r, hex.EncodeToString(sum[:]), "execute-api", region, at); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSignedRequestsReachTheFunction(t *testing.T) {
	rec := &recorder{}
	api := newSignedAPI(t, rec, "ANY /{proxy+}")
	for _, target := range []string{"/orders", "/orders/a%2Fb/c", "/a%20b/ü", "/orders?b=2&a=1&a=0&empty=&plus=a+b&space=a%20b&hash=%23&bare", "/x~y-_.!$&'()*,;=:@"} {
		for _, body := range []string{"", `{"description":"ü"}`} {
			r := httptest.NewRequest("POST", target, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("X-Amz-Meta-Spaces", "  a   b\tc  ")
			w := httptest.NewRecorder()
			rec.event = nil
			api.ServeHTTP(w, sign(t, r, body, alice, "us-east-1", fixedClock()))
			if w.Code != 200 {
				t.Errorf("POST %s %q: %d %s", target, body, w.Code, w.Body)
				continue
			}
			got := rec.event["requestContext"].(map[string]any)["authorizer"]
			want := map[string]any{"iam": map[string]any{
				"accessKey": alice.AccessKeyID, "accountId": "000000000000", "callerId": "AIDALICE", "cognitoIdentity": nil,
				"principalOrgId": nil, "userArn": "arn:aws:iam::000000000000:user/alice", "userId": "AIDALICE",
			}}
			if diff := cmp.Diff(any(want), got); diff != "" {
				t.Errorf("authorizer (-want +got):\n%s", diff)
			}
		}
	}
}

func TestRequestsThatAreNotSignedRightAreForbidden(t *testing.T) {
	rec := &recorder{}
	api := newSignedAPI(t, rec, "POST /orders", "GET /orders")
	signed := func(t *testing.T) *http.Request {
		r := httptest.NewRequest("POST", "/orders?a=1", strings.NewReader("body"))
		return sign(t, r, "body", alice, "us-east-1", fixedClock())
	}
	by := func(c aws.Credentials, region string, at time.Time) func(*testing.T) *http.Request {
		return func(t *testing.T) *http.Request {
			return sign(t, httptest.NewRequest("POST", "/orders", strings.NewReader("body")), "body", c, region, at)
		}
	}
	without := func(header string) func(*testing.T) *http.Request {
		return func(t *testing.T) *http.Request { r := signed(t); r.Header.Del(header); return r }
	}
	altered := func(change func(*http.Request)) func(*testing.T) *http.Request {
		return func(t *testing.T) *http.Request { r := signed(t); change(r); return r }
	}
	authorization := func(old, new string) func(*testing.T) *http.Request {
		return altered(func(r *http.Request) {
			header := r.Header.Get("Authorization")
			if !strings.Contains(header, old) {
				t.Fatalf("%q is not in %q", old, header)
			}
			r.Header.Set("Authorization", strings.Replace(header, old, new, 1))
		})
	}
	stranger, wrong, noToken := alice, alice, alice
	stranger.AccessKeyID, wrong.SecretAccessKey, noToken.SessionToken = "AKIDNOBODY", "guessed", ""
	for name, request := range map[string]func(*testing.T) *http.Request{
		"no signature":              without("Authorization"),
		"a bearer token":            altered(func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }),
		"no date":                   without("X-Amz-Date"),
		"no security token":         without("X-Amz-Security-Token"),
		"an unknown key":            by(stranger, "us-east-1", fixedClock()),
		"a wrong secret":            by(wrong, "us-east-1", fixedClock()),
		"a secret without token":    by(noToken, "us-east-1", fixedClock()),
		"another region":            by(alice, "us-west-2", fixedClock()),
		"too old":                   by(alice, "us-east-1", fixedClock().Add(-5*time.Minute-time.Second)),
		"from the future":           by(alice, "us-east-1", fixedClock().Add(6*time.Minute)),
		"another body":              altered(func(r *http.Request) { r.Body = http.NoBody; r.ContentLength = 0 }),
		"another path":              altered(func(r *http.Request) { r.URL.Path = "/orders/" }),
		"another query":             altered(func(r *http.Request) { r.URL.RawQuery = "a=2" }),
		"another method":            altered(func(r *http.Request) { r.Method = "GET" }),
		"another host":              altered(func(r *http.Request) { r.Host = "elsewhere" }),
		"another date":              altered(func(r *http.Request) { r.Header.Set("X-Amz-Date", "20200312T190359Z") }),
		"a header of AWS's added":   altered(func(r *http.Request) { r.Header.Set("X-Amz-Target", "x") }),
		"host not signed":           authorization("host;", ""),
		"a signature cut short":     authorization("Signature=", "Signature=0"),
		"no signature in it":        authorization("Signature=", "Signatures="),
		"another service":           authorization("execute-api", "dynamodb"),
		"a caller who may not":      by(aws.Credentials{AccessKeyID: "AKIDBOB", SecretAccessKey: "bob's secret"}, "us-east-1", fixedClock()),
		"a header that is nonsense": altered(func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 ,,=") }),
	} {
		t.Run(name, func(t *testing.T) {
			w := httptest.NewRecorder()
			rec.event = nil
			api.ServeHTTP(w, request(t))
			if w.Code == http.StatusNotFound {
				return // not even a route
			}
			if diff := cmp.Diff(answer{403, "application/json", forbidden}, answer{w.Code, w.Header().Get("Content-Type"), w.Body.String()}); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if rec.event != nil {
				t.Error("the function was called")
			}
		})
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, signed(t))
	if w.Code != 200 {
		t.Errorf("unaltered: %d %s", w.Code, w.Body)
	}
	w = httptest.NewRecorder()
	bob := aws.Credentials{AccessKeyID: "AKIDBOB", SecretAccessKey: "bob's secret"}
	api.ServeHTTP(w, sign(t, httptest.NewRequest("GET", "/orders", nil), "", bob, "us-east-1", fixedClock()))
	if w.Code != 200 {
		t.Errorf("a caller who may read: %d %s", w.Code, w.Body)
	}
}

func TestTheAccessLogNamesTheCaller(t *testing.T) {
	api := newSignedAPI(t, &recorder{}, "POST /orders")
	var line string
	check(t, api.PutStage(apigateway.Stage{Name: "$default", AutoDeploy: true, AccessLog: apigateway.AccessLog{
		Format: `{"user":"$context.identity.userArn","error":"$context.authorizer.error","status":$context.status}`,
		Log:    func(b []byte) { line = string(b) },
	}}))
	read := func(r *http.Request) map[string]any {
		api.ServeHTTP(httptest.NewRecorder(), r)
		var fields map[string]any
		check(t, json.Unmarshal([]byte(line), &fields))
		return fields
	}
	got := read(sign(t, httptest.NewRequest("POST", "/orders", nil), "", alice, "us-east-1", fixedClock()))
	if diff := cmp.Diff(map[string]any{"user": "arn:aws:iam::000000000000:user/alice", "error": "-", "status": 200.0}, got); diff != "" {
		t.Errorf("accepted (-want +got):\n%s", diff)
	}
	got = read(httptest.NewRequest("POST", "/orders", nil))
	if diff := cmp.Diff(map[string]any{"user": "-", "error": "the request is not signed", "status": 403.0}, got); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
}
