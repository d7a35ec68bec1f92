package mapping_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb"
	"transactional-outbox/local/kinesis"
	"transactional-outbox/local/mapping"
)

// realStream is a stream of the real engine with a mapping on it, in virtual time.
type realStream struct {
	t        *testing.T
	engine   *kinesis.Engine
	function *function
	mapping  *mapping.Mapping
}

func (s *realStream) call(operation, request string) {
	s.t.Helper()
	if _, err := s.engine.Call(s.t.Context(), nil, operation, []byte(request)); err != nil {
		s.t.Fatalf("%s: %v", operation, err)
	}
}

func (s *realStream) put(records ...string) {
	s.t.Helper()
	in := &kinesis.PutRecordsInput{StreamName: "orders"}
	for _, r := range records {
		in.Records = append(in.Records, kinesis.PutRecordsEntry{Data: []byte(r), PartitionKey: r})
	}
	if out, err := s.engine.PutRecords(s.t.Context(), nil, in); err != nil || out.FailedRecordCount > 0 {
		s.t.Fatalf("PutRecords: %+v, %v", out, err)
	}
}

func newRealStream(t *testing.T) *realStream {
	s := &realStream{t: t, engine: kinesis.New(&kinesis.Options{Region: "eu-central-1"}), function: &function{}}
	s.call("CreateStream", `{"StreamName":"orders","ShardCount":1}`)
	return s
}

func (s *realStream) start(api kinesis.API, auth awsapi.Authorizer, position string) {
	s.t.Helper()
	source := mapping.NewKinesisSource(api, auth, streamARN, nil)
	m, err := mapping.New(source, s.function, &mapping.Options{RoleARN: roleARN, StartingPosition: position,
		Backoff: func(int) time.Duration { return time.Second }})
	if err != nil {
		s.t.Fatal(err)
	}
	s.mapping = m
	s.t.Cleanup(func() { m.Close() })
}

// records returns what the function got, sorted.
func (s *realStream) records() []string {
	records := strings.Fields(strings.Join(s.function.got(), " "))
	slices.Sort(records)
	return records
}

// withoutWait is a client that cannot wake its readers, such as one of a remote endpoint.
type withoutWait struct{ kinesis.API }

func TestKinesisEvent(t *testing.T) {
	inVirtualTime(t, func(t *testing.T) {
		s := newRealStream(t)
		time.Sleep(1500 * time.Millisecond)
		s.put("a")
		var event string
		f := mapping.InvokerFunc(func(_ context.Context, e []byte) (*mapping.Response, error) {
			event = string(e)
			return ok()
		})
		m, err := mapping.New(mapping.NewKinesisSource(s.engine, nil, streamARN, nil), f, &mapping.Options{RoleARN: roleARN})
		if err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		m.Close()
		sequence := m.Status().Checkpoints["shardId-000000000000"]
		want := `{"Records":[{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"a","sequenceNumber":"` + sequence + `","data":"YQ==",` +
			`"approximateArrivalTimestamp":946684801.500},"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-000000000000:` + sequence + `",` +
			`"eventName":"aws:kinesis:record","invokeIdentityArn":"` + roleARN + `","awsRegion":"eu-central-1","eventSourceARN":"` + streamARN + `"}]}`
		if diff := cmp.Diff(want, event); diff != "" {
			t.Errorf("event (-want +got):\n%s", diff)
		}
	})
}

func TestKinesisReshard(t *testing.T) {
	for name, api := range map[string]func(*kinesis.Engine) kinesis.API{
		"woken by the stream": func(e *kinesis.Engine) kinesis.API { return e },
		"polling":             func(e *kinesis.Engine) kinesis.API { return withoutWait{e} },
	} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T) {
				s := newRealStream(t)
				s.start(api(s.engine), nil, mapping.Latest)
				synctest.Wait()
				var want []string
				for i, count := range []int{1, 2, 4, 3, 2} {
					if i > 0 {
						s.call("UpdateShardCount", fmt.Sprintf(`{"StreamName":"orders","TargetShardCount":%d,"ScalingType":"UNIFORM_SCALING"}`, count))
					}
					for j := range 50 {
						r := fmt.Sprintf("%d-%02d", i, j)
						want = append(want, r)
						s.put(r)
					}
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if diff := cmp.Diff(want, s.records()); diff != "" {
					t.Errorf("records (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestKinesisIteratorsExpire(t *testing.T) {
	for name, position := range map[string]string{"before the first record": mapping.Latest, "after a record": mapping.TrimHorizon} {
		t.Run(name, func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T) {
				s := newRealStream(t)
				s.put("early")
				time.Sleep(time.Second)
				s.start(s.engine, nil, position)
				synctest.Wait()
				s.function.calls = nil
				if err := s.mapping.Update(mapping.Config{Disabled: true}); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				s.put("a")
				time.Sleep(time.Hour)
				s.put("b")
				if err := s.mapping.Update(mapping.Config{}); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if diff := cmp.Diff([]string{"a", "b"}, s.records()); diff != "" {
					t.Errorf("records (-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestKinesisIdleStreamIsLeftAlone(t *testing.T) {
	inVirtualTime(t, func(t *testing.T) {
		s := newRealStream(t)
		s.start(s.engine, nil, mapping.TrimHorizon)
		time.Sleep(time.Hour)
		s.put("a")
		synctest.Wait()
		if diff := cmp.Diff([]string{"a"}, s.records()); diff != "" {
			t.Errorf("records (-want +got):\n%s", diff)
		}
		if got := s.engine.Stats()["GetRecords"]; got > 20 {
			t.Errorf("%d reads in an idle hour, want one now and then to keep the iterator", got)
		}
	})
}

func TestStreamThatIsNotThere(t *testing.T) {
	for name, source := range map[string]mapping.Source{
		"Kinesis":  mapping.NewKinesisSource(kinesis.New(nil), nil, streamARN, nil),
		"DynamoDB": mapping.NewDynamoDBSource(dynamodb.New(&dynamodb.Options{ExpireEvery: -1}).Streams(), nil, tableStreamARN, nil),
	} {
		_, err := mapping.New(source, &function{}, nil)
		if want := "InvalidParameterValueException: Stream not found: " + source.Stream().ARN; err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %s", name, err, want)
		}
	}
}

func TestShardThatIsListedLateIsFound(t *testing.T) {
	inVirtualTime(t, func(t *testing.T) {
		w := newWorkbench(t, mapping.Config{})
		w.start()
		w.stream.closeShard("s")
		w.rest()
		w.stream.addShard("child", "s")
		w.stream.put("child", "a")
		w.pass(time.Minute)
		w.wantCalls("a")
	})
}

func TestKinesisRoleIsAskedOnEachRead(t *testing.T) {
	inVirtualTime(t, func(t *testing.T) {
		s := newRealStream(t)
		var denied atomic.Bool
		denied.Store(true)
		auth := func(action, resource string) error {
			if denied.Load() && action == "kinesis:GetRecords" {
				return awsapi.Errorf("AccessDeniedException", "no %s on %s", action, resource)
			}
			return nil
		}
		s.put("a")
		s.start(s.engine, auth, mapping.TrimHorizon)
		synctest.Wait()
		if got, want := s.mapping.Status().LastProcessingResult, "PROBLEM: AccessDeniedException: no kinesis:GetRecords on "+streamARN; got != want {
			t.Errorf("last processing result %q, want %q", got, want)
		}
		denied.Store(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		if diff := cmp.Diff([]string{"a"}, s.records()); diff != "" {
			t.Errorf("records (-want +got):\n%s", diff)
		}
	})
}
