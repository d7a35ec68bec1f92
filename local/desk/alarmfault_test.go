package desk_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"transactional-outbox/local/faults"
)

// scenario is something that really goes wrong, with nothing in between that a test has made up.
type scenario struct {
	mix    faults.Mix
	config map[string]string
	// limits has the shards of the stream keep to their limits.
	limits bool
	// change spoils what the program declares. Nil changes nothing.
	change func(typ, name string, inputs resource.PropertyMap)
	// happen lets it happen.
	happen func(w *watched)
	want   []string
}

// patientConsumer is a consumer that fails for as long as a test likes, and gives up after two hours.
var patientConsumer = map[string]string{
	"consumerMaxRetries": "10000", "consumerTimeoutSeconds": "2", "consumerBatchSize": "100", "consumerMaxRecordAgeSeconds": "7200",
}

// withoutVariables takes away what functions insist on when they start.
func withoutVariables(typ, _ string, inputs resource.PropertyMap) {
	if typ == "aws:lambda/function:Function" {
		inputs["environment"] = resource.NewProperty(resource.PropertyMap{"variables": resource.NewProperty(resource.PropertyMap{})})
	}
}

// hurryAuditor gives the auditor two seconds in place of its minute, which would have to pass in real time, and its alarm as much less.
func hurryAuditor(name string, inputs resource.PropertyMap) {
	const factor = 30
	for resourceName, property := range map[string]resource.PropertyKey{"auditor-handler-function": "timeout", "watch-auditor-slow": "threshold"} {
		if name == resourceName {
			inputs[property] = resource.NewProperty(inputs[property].NumberValue() / factor)
		}
	}
}

func scenarios(silent string) map[string]scenario {
	each := func(suffix string, names ...string) []string {
		for i := range names {
			names[i] += suffix
		}
		return names
	}
	all := func() []string { return []string{"placeorder", "cancelorder", "getorder", "fulfilment", "auditor"} }
	return map[string]scenario{
		"functions that cannot start": {
			config: patientConsumer, change: withoutVariables,
			want: slices.Concat(each("-errors", append(all(), "api")...), []string{
				"consumer-failing", "consumer-behind", "consumer-gave-up", "consumer-dead-letters", "consumer-dead-letters-old",
				"auditor-failing", "auditor-behind", "auditor-gave-up", "auditor-dead-letters", "auditor-dead-letters-old",
			}),
			happen: func(w *watched) {
				w.commit("01ARZ3NDEKTSV4RRFFQ69G5FAV", "order.placed")
				w.expire("01ARZ3NDEKTSV4RRFFQ69G5FAW")
				for range 7 {
					w.askEverything()
					w.attempts("consumerMappingId", "auditorMappingId")
					w.next(time.Minute)
				}
				// The consumer gives up after two hours, the auditor after twelve.
				w.pass(7 * time.Hour)
				for range 3 {
					w.attempts("auditorMappingId")
					w.next(5 * time.Minute)
				}
				w.until("the consumer gives up", "consumer-dead-letters")
				w.pass(6 * time.Hour)
				w.until("the auditor gives up", "auditor-dead-letters")
				w.pass(8 * 24 * time.Hour)
				for range 3 {
					w.next(5 * time.Minute)
				}
			},
		},
		"dead letters that cannot be sent": {
			config: patientConsumer, change: withoutVariables,
			want: []string{"consumer-dropped", "auditor-dropped"},
			happen: func(w *watched) {
				for _, queue := range []string{"deadLetterQueueUrl", "auditorDeadLetterQueueUrl"} {
					w.owner(w.Cloud.Queues(), "DeleteQueue", `{"QueueUrl":%q}`, w.Output(queue))
				}
				w.commit("01ARZ3NDEKTSV4RRFFQ69G5FAV", "order.placed")
				w.expire("01ARZ3NDEKTSV4RRFFQ69G5FAW")
				w.attempts("consumerMappingId", "auditorMappingId")
				w.pass(13 * time.Hour)
				w.until("the consumer drops", "consumer-dropped")
				w.until("the auditor drops", "auditor-dropped")
			},
		},
		"tables that refuse": {
			mix:  faults.Mix{Throttle: 1},
			want: []string{"orders-throttled", "events-throttled", "fulfilments-throttled", "transaction-conflicts"},
			happen: func(w *watched) {
				for i := range 6 {
					w.commit(fmt.Sprintf("01ARZ3NDEKTSV4RRFFQ69G5FA%d", i), "order.placed")
					w.placeMany(40)
					w.attempts("consumerMappingId")
					w.next(time.Minute)
				}
			},
		},
		"tables that fail": {
			mix:  faults.Mix{Fail: 1},
			want: []string{"transaction-errors", "api-errors"},
			happen: func(w *watched) {
				for range 4 {
					w.askEverything()
					w.next(time.Minute)
				}
			},
		},
		"tables that do not answer": {
			config: map[string]string{
				"apiTimeoutSeconds": "2", "consumerTimeoutSeconds": "2", "consumerBatchSize": "100", "consumerMaxRetries": "10000",
				"streamMode": "ON_DEMAND", "shardCount": "0", "consumerReservedConcurrency": "1",
			},
			change: func(typ, name string, inputs resource.PropertyMap) {
				hurryAuditor(name, inputs)
				if typ == "aws:lambda/function:Function" {
					variables := inputs["environment"].ObjectValue()["variables"].ObjectValue().Copy()
					variables["AWS_ENDPOINT_URL"] = resource.NewProperty(silent)
					inputs["environment"] = resource.NewProperty(resource.PropertyMap{"variables": resource.NewProperty(variables)})
				}
			},
			want: []string{"api-errors", "api-latency", "placeorder-slow", "cancelorder-slow", "getorder-slow", "fulfilment-slow", "auditor-slow", "consumer-concurrency"},
			happen: func(w *watched) {
				w.commit("01ARZ3NDEKTSV4RRFFQ69G5FAV", "order.placed")
				w.expire("01ARZ3NDEKTSV4RRFFQ69G5FAW")
				for range 6 {
					w.askEverything()
					w.attempts("consumerMappingId", "auditorMappingId")
					w.next(time.Minute)
				}
				w.until("the consumer is at work", "consumer-concurrency")
			},
		},
		"answers that get lost": {
			mix: faults.Mix{Timeout: 1}, want: []string{"api-errors"},
			happen: func(w *watched) {
				for range 4 {
					w.askEverything()
					w.next(time.Minute)
				}
			},
		},
		"no concurrency left": {
			change: func(typ, _ string, inputs resource.PropertyMap) {
				if typ == "aws:lambda/function:Function" {
					inputs["reservedConcurrentExecutions"] = resource.NewProperty(0.0)
				}
			},
			want: each("-throttled", all()...),
			happen: func(w *watched) {
				w.commit("01ARZ3NDEKTSV4RRFFQ69G5FAV", "order.placed")
				w.expire("01ARZ3NDEKTSV4RRFFQ69G5FAW")
				for range 4 {
					w.askEverything()
					w.attempts("consumerMappingId", "auditorMappingId")
					w.next(time.Minute)
				}
			},
		},
		"a stage that is too small, and a mapping that is off": {
			config: map[string]string{"shardCount": "1", "apiRateLimit": "1", "apiBurstLimit": "1"},
			limits: true,
			change: func(_, name string, inputs resource.PropertyMap) {
				if name == "fulfilment-mapping" {
					inputs["enabled"] = resource.NewProperty(false)
				}
			},
			want: []string{
				"api-throttled", "stream-writes-throttled", "stream-reads-throttled", "destination-throttled", "destination-skipped", "destination-behind", "stream-unread",
			},
			happen: func(w *watched) {
				// What is small in the table and large in the stream.
				w.commit("01ARZ3NDEKTSV4RRFFQ69G5FAX", "order.placed", `,"flags":{"L":[{"BOOL":true}`+strings.Repeat(`,{"BOOL":true}`, 90_000)+`]}`)
				for i := range 11 {
					w.placeMany(15)
					w.overread()
					if i%5 == 0 || i >= 8 {
						w.overflow(i)
					}
					w.next(time.Minute)
				}
				w.owner(w.Cloud.Streams(), "DeleteStream", `{"StreamName":%q}`, w.Output("streamName"))
				w.commit("01ARZ3NDEKTSV4RRFFQ69G5FAV", "order.placed")
				w.eventually("an event waits", func() bool { return w.destination().AgeOfOldestUnreplicatedRecord > 0 })
				for range 5 {
					w.next(5 * time.Minute)
				}
			},
		},
		"a poisonous event, and one that expires undelivered": {
			want: []string{"orders-parked", "events-resurrected"},
			happen: func(w *watched) {
				w.commit("01ARZ3NDEKTSV4RRFFQ69G5FAV", "order.cancelled") // nothing was placed
				w.until("the order is parked", "orders-parked")
				w.expire("01ARZ3NDEKTSV4RRFFQ69G5FAV")
				w.until("the event is put back", "events-resurrected")
			},
		},
	}
}

func TestAlarmsFireUnderFaults(t *testing.T) {
	covered := map[string]string{}
	for name, s := range scenarios(silentServer(t)) {
		for _, want := range s.want {
			covered[want] = name
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, s)
			s.happen(w)
			for _, want := range s.want {
				if !w.fired[want] {
					t.Errorf("%s does not fire; %v do", want, slices.Sorted(maps.Keys(w.fired)))
				}
			}
		})
	}
	t.Run("and these are all there are", func(t *testing.T) {
		for alarm := range start(t, scenario{}).alarms() {
			if covered[alarm] == "" {
				t.Errorf("%s fires in no scenario", alarm)
			}
			delete(covered, alarm)
		}
		for alarm := range covered {
			t.Errorf("there is no alarm %s", alarm)
		}
	})
}
