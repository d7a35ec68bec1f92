package sqs_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/sqs"
)

func TestConcurrentConsumersShareTheMessages(t *testing.T) {
	const producers, each, consumers = 4, 200, 4
	e := engine{sqs.New(nil), t}
	e.do("CreateQueue", `{"QueueName":"q"}`)
	var sending, receiving sync.WaitGroup
	for p := range producers {
		sending.Go(func() {
			for i := range each {
				if _, err := e.call("SendMessage", fmt.Sprintf(`{Q,"MessageBody":"%d-%d"}`, p, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var mu sync.Mutex
	seen := map[string]int{}
	for range consumers {
		receiving.Go(func() {
			for {
				response, err := e.call("ReceiveMessage", `{Q,"MaxNumberOfMessages":10,"WaitTimeSeconds":20}`)
				if err != nil {
					return // another consumer got the last message
				}
				var out struct{ Messages []received }
				if err := json.Unmarshal([]byte(response), &out); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, m := range out.Messages {
					seen[m.Body]++
				}
				done := len(seen) >= producers*each
				mu.Unlock()
				if done {
					// Whoever still waits is woken by the end of the queue's life.
					_, _ = e.call("DeleteQueue", `{Q}`)
					return
				}
			}
		})
	}
	sending.Wait()
	receiving.Wait()
	if len(seen) != producers*each {
		t.Errorf("%d messages were received, want %d", len(seen), producers*each)
	}
	for body, times := range seen {
		if times != 1 {
			t.Errorf("%s was received %d times", body, times)
		}
	}
}

func TestQueuesCanBeNamedByTheirARN(t *testing.T) {
	e := newEngine(t, newClock())
	e.do("CreateQueue", `{"QueueName":"q"}`)
	if _, err := e.SendMessage(t.Context(), nil, &sqs.SendMessageInput{QueueUrl: "arn:aws:sqs:us-east-1:000000000000:q", MessageBody: "dead letter"}); err != nil {
		t.Fatal(err)
	}
	if got := bodies(e.receive("")); got != "dead letter" {
		t.Errorf("received %q", got)
	}
}

// BenchmarkSendReceiveDelete is the whole life of a message in a queue that holds many others.
func BenchmarkSendReceiveDelete(b *testing.B) {
	for _, size := range []int{1000, 100_000} {
		b.Run(fmt.Sprintf("queue=%d", size), func(b *testing.B) {
			e := engine{sqs.New(nil), b}
			e.do("CreateQueue", `{"QueueName":"q"}`)
			for range size {
				e.do("SendMessage", `{Q,"MessageBody":"a"}`)
			}
			b.ReportAllocs()
			for b.Loop() {
				e.do("SendMessage", `{Q,"MessageBody":"a"}`)
				e.do("DeleteMessage", `{Q,"ReceiptHandle":"`+e.receive("")[0].ReceiptHandle+`"}`)
			}
		})
	}
}
