package sqs_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/sqs"
)

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// engine is an engine whose wire calls are short to write: Q in a request stands for the URL of the queue q.
type engine struct {
	*sqs.Engine
	testing.TB
}

const url = "http://127.0.0.1:4566/000000000000/"

func newEngine(tb testing.TB, c *clock) engine {
	return engine{sqs.New(&sqs.Options{Clock: c.Now}), tb}
}

func (e engine) call(operation, request string) (string, error) {
	request = strings.Replace(request, "{Q", `{"QueueUrl":"`+url+`q"`, 1)
	response, err := e.Call(e.Context(), nil, operation, []byte(request))
	return string(response), err
}

func (e engine) do(operation, request string) string {
	e.Helper()
	response, err := e.call(operation, request)
	if err != nil {
		e.Fatalf("%s %s: %v", operation, request, err)
	}
	return response
}

func (e engine) refuse(operation, request string) string {
	e.Helper()
	response, err := e.call(operation, request)
	if err == nil {
		e.Fatalf("%s %s = %s, want an error", operation, request, response)
	}
	return err.Error()
}

type received struct {
	MessageId, ReceiptHandle, Body, MD5OfBody, MD5OfMessageAttributes string
	Attributes                                                        map[string]string
	MessageAttributes                                                 map[string]sqs.MessageAttribute
}

func (e engine) receive(more string) []received {
	e.Helper()
	var out struct{ Messages []received }
	if err := json.Unmarshal([]byte(e.do("ReceiveMessage", `{Q`+more+`}`)), &out); err != nil {
		e.Fatal(err)
	}
	return out.Messages
}

func bodies(messages []received) string {
	var all []string
	for _, m := range messages {
		all = append(all, m.Body)
	}
	return strings.Join(all, " ")
}

func (e engine) counts() string {
	e.Helper()
	var out struct{ Attributes map[string]string }
	if err := json.Unmarshal([]byte(e.do("GetQueueAttributes", `{Q,"AttributeNames":["All"]}`)), &out); err != nil {
		e.Fatal(err)
	}
	a := out.Attributes
	return a["ApproximateNumberOfMessages"] + " visible, " + a["ApproximateNumberOfMessagesNotVisible"] + " in flight, " + a["ApproximateNumberOfMessagesDelayed"] + " delayed"
}

func (e engine) expect(counts string) {
	e.Helper()
	if got := e.counts(); got != counts {
		e.Errorf("the queue has %s, want %s", got, counts)
	}
}

func TestLifeOfAMessage(t *testing.T) {
	c := newClock()
	e := newEngine(t, c)
	e.do("CreateQueue", `{"QueueName":"q","Attributes":{"VisibilityTimeout":"10"}}`)
	e.do("SendMessage", `{Q,"MessageBody":"hello"}`)
	e.expect("1 visible, 0 in flight, 0 delayed")

	first := e.receive(`,"MessageSystemAttributeNames":["All"]`)
	want := map[string]string{"ApproximateReceiveCount": "1", "SentTimestamp": "1795521600000", "ApproximateFirstReceiveTimestamp": "1795521600000", "SenderId": "000000000000"}
	if diff := cmp.Diff(want, first[0].Attributes); diff != "" {
		t.Errorf("system attributes (-want +got):\n%s", diff)
	}
	if first[0].MD5OfBody != "5d41402abc4b2a76b9719d911017c592" {
		t.Errorf("MD5 of the body = %s", first[0].MD5OfBody)
	}
	e.expect("0 visible, 1 in flight, 0 delayed")
	c.Advance(9 * time.Second)
	if got := e.receive(""); got != nil {
		t.Errorf("received %v inside the visibility timeout", got)
	}
	c.Advance(time.Second)
	second := e.receive(`,"AttributeNames":["ApproximateReceiveCount"]`)
	if len(second) != 1 || second[0].Attributes["ApproximateReceiveCount"] != "2" {
		t.Fatalf("after the visibility timeout: %v", second)
	}
	e.do("DeleteMessage", `{Q,"ReceiptHandle":"`+first[0].ReceiptHandle+`"}`)
	e.expect("0 visible, 1 in flight, 0 delayed")
	e.do("DeleteMessage", `{Q,"ReceiptHandle":"`+second[0].ReceiptHandle+`"}`)
	e.expect("0 visible, 0 in flight, 0 delayed")
	e.do("DeleteMessage", `{Q,"ReceiptHandle":"`+second[0].ReceiptHandle+`"}`)
}

func TestVisibilityCanBeChanged(t *testing.T) {
	c := newClock()
	e := newEngine(t, c)
	e.do("CreateQueue", `{"QueueName":"q"}`)
	e.do("SendMessage", `{Q,"MessageBody":"a"}`)
	handle := e.receive("")[0].ReceiptHandle
	e.do("ChangeMessageVisibility", `{Q,"ReceiptHandle":"`+handle+`","VisibilityTimeout":100}`)
	c.Advance(99 * time.Second)
	e.expect("0 visible, 1 in flight, 0 delayed")
	e.do("ChangeMessageVisibility", `{Q,"ReceiptHandle":"`+handle+`","VisibilityTimeout":0}`)
	e.expect("1 visible, 0 in flight, 0 delayed")
	got := e.refuse("ChangeMessageVisibility", `{Q,"ReceiptHandle":"`+handle+`","VisibilityTimeout":5}`)
	if want := "InvalidParameterValueException: Value " + handle + " for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change."; got != want {
		t.Errorf("error = %s, want %s", got, want)
	}
}

func TestDelaysAndRetention(t *testing.T) {
	c := newClock()
	e := newEngine(t, c)
	e.do("CreateQueue", `{"QueueName":"q","Attributes":{"DelaySeconds":"5","MessageRetentionPeriod":"60"}}`)
	e.do("SendMessage", `{Q,"MessageBody":"queue's delay"}`)
	e.do("SendMessage", `{Q,"MessageBody":"none","DelaySeconds":0}`)
	e.expect("1 visible, 0 in flight, 1 delayed")
	c.Advance(5 * time.Second)
	if got := bodies(e.receive(`,"MaxNumberOfMessages":10,"VisibilityTimeout":3600`)); got != "none queue's delay" {
		t.Errorf("received %q", got)
	}
	c.Advance(55 * time.Second)
	e.expect("0 visible, 0 in flight, 0 delayed")
}

func TestMessageAttributes(t *testing.T) {
	e := newEngine(t, newClock())
	e.do("CreateQueue", `{"QueueName":"q"}`)
	sent := e.do("SendMessage", `{Q,"MessageBody":"a","MessageAttributes":{"timestamp":{"DataType":"Number","StringValue":"1493147359900"}}}`)
	// SDKs compute the same digest of this attribute.
	if !strings.HasSuffix(sent, `"MD5OfMessageBody":"0cc175b9c0f1b6a831c399e269772661","MD5OfMessageAttributes":"235c5c510d26fb653d073faed50ae77c"}`) {
		t.Errorf("sent: %s", sent)
	}
	got := e.receive(`,"MessageAttributeNames":["time.*"],"VisibilityTimeout":0`)[0]
	text := "1493147359900"
	if diff := cmp.Diff(map[string]sqs.MessageAttribute{"timestamp": {DataType: "Number", StringValue: &text}}, got.MessageAttributes); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	if !strings.Contains(sent, got.MD5OfMessageAttributes) || got.MD5OfMessageAttributes == "" {
		t.Errorf("the digests differ: sent %s, received %s", sent, got.MD5OfMessageAttributes)
	}
	if got := e.receive("")[0]; got.MessageAttributes != nil || got.MD5OfMessageAttributes != "" {
		t.Errorf("attributes that were not asked for: %+v", got)
	}
}

func TestDeadLetters(t *testing.T) {
	c := newClock()
	e := newEngine(t, c)
	e.do("CreateQueue", `{"QueueName":"dead"}`)
	e.do("CreateQueue", `{"QueueName":"q","Attributes":{"VisibilityTimeout":"0","RedrivePolicy":"{\"deadLetterTargetArn\":\"arn:aws:sqs:us-east-1:000000000000:dead\",\"maxReceiveCount\":2}"}}`)
	e.do("SendMessage", `{Q,"MessageBody":"poison"}`)
	for range 2 {
		if got := bodies(e.receive("")); got != "poison" {
			t.Errorf("received %q", got)
		}
	}
	if got := e.receive(""); got != nil {
		t.Errorf("received %v for the third time", got)
	}
	dead := e.do("ReceiveMessage", `{"QueueUrl":"`+url+`dead","MessageSystemAttributeNames":["DeadLetterQueueSourceArn"]}`)
	if !strings.Contains(dead, `"DeadLetterQueueSourceArn":"arn:aws:sqs:us-east-1:000000000000:q"`) {
		t.Errorf("dead letter: %s", dead)
	}
}

func TestBatches(t *testing.T) {
	e := newEngine(t, newClock())
	e.do("CreateQueue", `{"QueueName":"q"}`)
	got := e.do("SendMessageBatch", `{Q,"Entries":[{"Id":"1","MessageBody":"a"},{"Id":"2","MessageBody":""},{"Id":"3","MessageBody":"c","DelaySeconds":901}]}`)
	want := `"Failed":[{"Id":"2","SenderFault":true,"Code":"MissingParameter","Message":"The request must contain the parameter MessageBody."},` +
		`{"Id":"3","SenderFault":true,"Code":"InvalidParameterValue","Message":"Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."}]}`
	if !strings.HasSuffix(got, want) || !strings.HasPrefix(got, `{"Successful":[{"Id":"1","MessageId":"`) {
		t.Errorf("answer = %s, want ... %s", got, want)
	}
	handle := e.receive("")[0].ReceiptHandle
	if got := e.do("ChangeMessageVisibilityBatch", `{Q,"Entries":[{"Id":"x","ReceiptHandle":"`+handle+`","VisibilityTimeout":60}]}`); got != `{"Successful":[{"Id":"x"}]}` {
		t.Errorf("answer = %s", got)
	}
	if got := e.do("DeleteMessageBatch", `{Q,"Entries":[{"Id":"x","ReceiptHandle":"`+handle+`"}]}`); got != `{"Successful":[{"Id":"x"}]}` {
		t.Errorf("answer = %s", got)
	}
	e.expect("0 visible, 0 in flight, 0 delayed")
}

func TestLongPollingWakes(t *testing.T) {
	for name, arrive := range map[string]func(e engine){
		"for a message that is sent":           func(e engine) { e.do("SendMessage", `{Q,"MessageBody":"a"}`) },
		"for one that becomes visible in time": func(e engine) { e.do("SendMessage", `{Q,"MessageBody":"a","DelaySeconds":1}`) },
	} {
		t.Run(name, func(t *testing.T) {
			e := engine{sqs.New(nil), t}
			e.do("CreateQueue", `{"QueueName":"q"}`)
			got := make(chan string)
			go func() { got <- bodies(e.receive(`,"WaitTimeSeconds":20`)) }()
			arrive(e)
			if got := <-got; got != "a" {
				t.Errorf("received %q, want a", got)
			}
		})
	}
}

func TestLongPollingEndsWithItsQueue(t *testing.T) {
	e := engine{sqs.New(nil), t}
	e.do("CreateQueue", `{"QueueName":"q"}`)
	got := make(chan error)
	go func() {
		_, err := e.call("ReceiveMessage", `{Q,"WaitTimeSeconds":20}`)
		got <- err
	}()
	e.do("DeleteQueue", `{Q}`)
	if err := <-got; err == nil || err.Error() != "QueueDoesNotExist: The specified queue does not exist." {
		t.Errorf("error = %v", err)
	}
}

func TestPolicyOfTheQueue(t *testing.T) {
	e := newEngine(t, newClock())
	policy := func(statement string) string {
		text, err := json.Marshal(`{"Version":"2012-10-17","Statement":` + statement + `}`)
		if err != nil {
			t.Fatal(err)
		}
		return `{Q,"Attributes":{"Policy":` + string(text) + `}}`
	}
	e.do("CreateQueue", `{"QueueName":"q"}`)
	e.do("SetQueueAttributes", policy(`{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`))
	e.do("SendMessage", `{Q,"MessageBody":"a"}`)
	e.do("SetQueueAttributes", policy(`{"Effect":"Deny","Principal":"*","Action":"sqs:SendMessage","Resource":"*"}`))
	if got, want := e.refuse("SendMessage", `{Q,"MessageBody":"a"}`), "AccessDeniedException: Access to the resource "+url+"q is denied."; got != want {
		t.Errorf("error = %s, want %s", got, want)
	}
	e.receive("")
	if got := e.refuse("SetQueueAttributes", policy(`{"Effect":"Deny","Principal":{"AWS":"000000000000"},"Action":"sqs:SendMessage","Resource":"*"}`)); !strings.Contains(got, "particular principals") {
		t.Errorf("error = %s", got)
	}
}

func TestCallersAreAskedForTheRightPermission(t *testing.T) {
	e := newEngine(t, newClock())
	e.do("CreateQueue", `{"QueueName":"q"}`)
	for operation, want := range map[string]string{
		"SendMessage":        "sqs:SendMessage arn:aws:sqs:us-east-1:000000000000:q",
		"SendMessageBatch":   "sqs:SendMessage arn:aws:sqs:us-east-1:000000000000:q",
		"DeleteMessageBatch": "sqs:DeleteMessage arn:aws:sqs:us-east-1:000000000000:q",
		"ReceiveMessage":     "sqs:ReceiveMessage arn:aws:sqs:us-east-1:000000000000:q",
		"GetQueueAttributes": "sqs:GetQueueAttributes arn:aws:sqs:us-east-1:000000000000:q",
	} {
		t.Run(operation, func(t *testing.T) {
			var asked string
			_, err := e.Call(t.Context(), func(action, resource string) error {
				asked = action + " " + resource
				return awsapi.Errorf("AccessDeniedException", "no")
			}, operation, []byte(`{"QueueUrl":"`+url+`q"}`))
			if asked != want || err == nil {
				t.Errorf("asked for %q, want %q; then %v", asked, want, err)
			}
		})
	}
}
