package cloud_test

import (
	"archive/zip"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"transactional-outbox/local/cloud"
)

// newCloud starts a cloud that ends with the test.
func newCloud(t *testing.T) *cloud.Cloud {
	t.Helper()
	c, err := cloud.New(cloud.Options{Root: t.TempDir(), Folder: t.TempDir(), Duplicate: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// create creates a resource and fails the test if that fails.
func create(t *testing.T, c *cloud.Cloud, typ, name string, inputs map[string]any) (string, resource.PropertyMap) {
	t.Helper()
	id, outputs, err := c.Create(t.Context(), typ, name, resource.NewPropertyMapFromMap(inputs))
	if err != nil {
		t.Fatalf("%s %q: %v", typ, name, err)
	}
	return id, outputs
}

func TestCreateRefusesWhatTheDeskDoesNotKnow(t *testing.T) {
	c := newCloud(t)
	for name, test := range map[string]struct {
		typ    string
		inputs map[string]any
		want   string
	}{
		"unknown type":            {"aws:s3/bucket:Bucket", nil, "resource type is not supported on the desk; supported are aws:apigatewayv2/api:Api"},
		"unknown property":        {"aws:sqs/queue:Queue", map[string]any{"fifoQueue": true}, `property "fifoQueue" is not supported on the desk`},
		"unknown nested property": {"aws:dynamodb/table:Table", map[string]any{"ttl": map[string]any{"when": 1}}, `property "ttl.when" is not supported on the desk`},
		"wrong type":              {"aws:kinesis/stream:Stream", map[string]any{"shardCount": "four"}, `property "shardCount" cannot be string`},
		"refused by the engine":   {"aws:kinesis/stream:Stream", map[string]any{"shardCount": 0, "name": "a b"}, "ValidationException"},
		"protocol":                {"aws:apigatewayv2/api:Api", map[string]any{"protocolType": "WEBSOCKET"}, `protocolType "WEBSOCKET" is not supported`},
		"runtime":                 {"aws:lambda/function:Function", map[string]any{"runtime": "nodejs22.x"}, `runtime "nodejs22.x" is not supported`},
		"role that is missing":    {"aws:iam/rolePolicy:RolePolicy", map[string]any{"role": "nobody", "policy": "{}"}, "The role with name nobody cannot be found"},
		"condition of a role": {
			"aws:iam/role:Role", map[string]any{"assumeRolePolicy": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"x"}}}}`},
			"the condition key sts:externalid is not supported on the desk; supported here are aws:SourceAccount",
		},
		"condition of a queue": {
			"aws:sqs/queuePolicy:QueuePolicy", map[string]any{"queueUrl": "x", "policy": `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"StringEquals":{"aws:SourceVpc":"x"}}}}`},
			"the condition key aws:sourcevpc is not supported on the desk",
		},
		"API that is missing": {"aws:apigatewayv2/route:Route", map[string]any{"apiId": "x", "routeKey": "GET /"}, "Invalid API identifier"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := c.Create(t.Context(), test.typ, "thing", resource.NewPropertyMapFromMap(test.inputs))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestCreateNamesResourcesAsPulumiDoes(t *testing.T) {
	c := newCloud(t)
	id, outputs := create(t, c, "aws:iam/role:Role", "worker", map[string]any{"assumeRolePolicy": trust})
	if !regexp.MustCompile(`^worker-[0-9a-f]{7}$`).MatchString(id) {
		t.Errorf("name %q, want worker- and seven hexadecimal digits", id)
	}
	if got, want := outputs["arn"].StringValue(), "arn:aws:iam::000000000000:role/"+id; got != want {
		t.Errorf("arn %q, want %q", got, want)
	}
	if id, _ := create(t, c, "aws:iam/role:Role", "worker", map[string]any{"name": "fixed", "assumeRolePolicy": trust}); id != "fixed" {
		t.Errorf("name %q, want the one that was given", id)
	}
}

const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

func TestFunctionRefusesCodeThatLambdaCouldNotStart(t *testing.T) {
	c := newCloud(t)
	_, role := create(t, c, "aws:iam/role:Role", "worker", map[string]any{"assumeRolePolicy": trust})
	for name, test := range map[string]struct {
		entry string
		mode  os.FileMode
		want  string
	}{
		"not executable": {"bootstrap", 0o644, "bootstrap has mode -rw-r--r--: Lambda could not execute it"},
		"no bootstrap":   {"main", 0o755, "no bootstrap at its root"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "code.zip")
			writeZip(t, path, test.entry, test.mode)
			archive, err := resource.NewPathArchive(path)
			if err != nil {
				t.Fatal(err)
			}
			_, _, err = c.Create(t.Context(), "aws:lambda/function:Function", "f", resource.PropertyMap{
				"runtime": resource.NewProperty("provided.al2023"), "role": role["arn"], "code": resource.NewProperty(archive),
			})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func writeZip(t *testing.T, path, entry string, mode os.FileMode) {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w := zip.NewWriter(file)
	header := &zip.FileHeader{Name: entry}
	header.SetMode(mode)
	if _, err := w.CreateHeader(header); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestNewListensOnThisMachineOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":4566", "192.0.2.1:4566", "nonsense"} {
		if c, err := cloud.New(cloud.Options{AWSListen: address}); err == nil {
			c.Close()
			t.Errorf("%s: no error", address)
		}
	}
}

func TestNewSaysWhichAddressIsInUse(t *testing.T) {
	first := newCloud(t)
	address := strings.TrimPrefix(first.Endpoint(), "http://")
	second, err := cloud.New(cloud.Options{AWSListen: address})
	if err == nil {
		second.Close()
		t.Fatal("no error")
	}
	if !strings.Contains(err.Error(), address) {
		t.Errorf("%q does not name %s", err, address)
	}
}

func TestInvokeRunsCommandsAndNothingElse(t *testing.T) {
	c := newCloud(t)
	out, err := c.Invoke(t.Context(), "command:local:run", resource.PropertyMap{"command": resource.NewProperty("echo hello")})
	if err != nil {
		t.Fatal(err)
	}
	if got := out["stdout"].StringValue(); got != "hello" {
		t.Errorf("stdout %q, want hello", got)
	}
	if _, err := c.Invoke(t.Context(), "aws:index/getRegion:getRegion", nil); err == nil {
		t.Error("no error for a function that is not supported")
	}
	_, err = c.Invoke(t.Context(), "command:local:run", resource.PropertyMap{"assetPaths": resource.NewProperty("x")})
	if err == nil || !strings.Contains(err.Error(), `"assetPaths" is not supported`) {
		t.Errorf("got %v, want an error that names assetPaths", err)
	}
}

func TestDescribeKinesisStreamingDestination(t *testing.T) {
	c := newCloud(t)
	_, tableState := create(t, c, tableType, "events", table(nil))
	_, streamState := create(t, c, streamType, "stream", map[string]any{"shardCount": 1})
	name := tableState["name"].StringValue()
	if got, want := describe(t, c, name), `{"KinesisDataStreamDestinations":[],"TableName":"`+name+`"}`; got != want {
		t.Errorf("before: %s, want %s", got, want)
	}
	create(t, c, "aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination", "destination", map[string]any{
		"tableName": name, "streamArn": streamState["arn"].StringValue(), "approximateCreationDateTimePrecision": "MICROSECOND",
	})
	got := describe(t, c, name)
	for _, want := range []string{`"DestinationStatus":"ACTIVE"`, `"ApproximateCreationDateTimePrecision":"MICROSECOND"`, streamState["arn"].StringValue()} {
		if !strings.Contains(got, want) {
			t.Errorf("%s does not say %s", got, want)
		}
	}
	if got := describe(t, c, "nowhere"); !strings.Contains(got, "ResourceNotFoundException") {
		t.Errorf("a table that is not there: %s", got)
	}
}

// describe asks for the streaming destinations of a table and returns the answer as text, members in order.
func describe(t *testing.T, c *cloud.Cloud, table string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.Endpoint(), strings.NewReader(`{"TableName":"`+table+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-amz-json-1.0")
	request.Header.Set("X-Amz-Target", "DynamoDB_20120810.DescribeKinesisStreamingDestination")
	request.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=owner/20260101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0")
	return answer(t, request)
}

func answer(t *testing.T, request *http.Request) string {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestMappingPageAsksWhoCalls(t *testing.T) {
	c := newCloud(t)
	for name, test := range map[string]struct{ authorization, want string }{
		"nobody":    {"", "Missing Authentication Token"},
		"the owner": {"AWS4-HMAC-SHA256 Credential=owner/20260101/eu-west-1/lambda/aws4_request, SignedHeaders=host, Signature=0", "The resource you requested does not exist."},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.Endpoint()+"/2015-03-31/event-source-mappings/none", nil)
			if err != nil {
				t.Fatal(err)
			}
			if test.authorization != "" {
				request.Header.Set("Authorization", test.authorization)
			}
			if got := answer(t, request); !strings.Contains(got, test.want) {
				t.Errorf("%s, want %q", got, test.want)
			}
		})
	}
}
