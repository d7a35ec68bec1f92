package sqs_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"transactional-outbox/local/sqs"
)

// TestNoMessageIsLostOrDeliveredTwiceInItsTimeout holds the queue against a model that only knows, for every message, until when it must
// be invisible.
func TestNoMessageIsLostOrDeliveredTwiceInItsTimeout(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := newClock()
		e := engine{sqs.New(&sqs.Options{Clock: c.Now}), t}
		e.do("CreateQueue", `{"QueueName":"q","Attributes":{"MessageRetentionPeriod":"1209600"}}`)
		hidden := map[string]time.Time{} // by body
		handles := map[string]string{}   // of the latest receipt, by body
		sent := 0
		visible := func() int {
			n := 0
			for _, until := range hidden {
				if !until.After(c.Now()) {
					n++
				}
			}
			return n
		}
		rt.Repeat(map[string]func(*rapid.T){
			"send": func(rt *rapid.T) {
				delay := rapid.IntRange(0, 3).Draw(rt, "delay")
				sent++
				body := fmt.Sprint(sent)
				e.do("SendMessage", fmt.Sprintf(`{Q,"MessageBody":%q,"DelaySeconds":%d}`, body, delay))
				hidden[body] = c.Now().Add(time.Duration(delay) * time.Second)
			},
			"receive": func(rt *rapid.T) {
				timeout, most := rapid.IntRange(0, 5).Draw(rt, "timeout"), rapid.IntRange(1, 10).Draw(rt, "most")
				want := min(most, visible())
				got := e.receive(fmt.Sprintf(`,"VisibilityTimeout":%d,"MaxNumberOfMessages":%d`, timeout, most))
				// A timeout of 0 makes a message visible again, but not within the call.
				if len(got) != want {
					rt.Fatalf("received %d messages, want %d", len(got), want)
				}
				for _, m := range got {
					until, known := hidden[m.Body]
					if !known || until.After(c.Now()) {
						rt.Fatalf("received %s, which is deleted or hidden until %s", m.Body, until)
					}
					hidden[m.Body] = c.Now().Add(time.Duration(timeout) * time.Second)
					handles[m.Body] = m.ReceiptHandle
				}
			},
			"delete": func(rt *rapid.T) {
				if len(handles) == 0 {
					rt.Skip("nothing was received")
				}
				body := rapid.SampledFrom(keys(handles)).Draw(rt, "body")
				e.do("DeleteMessage", `{Q,"ReceiptHandle":"`+handles[body]+`"}`)
				delete(handles, body)
				delete(hidden, body)
			},
			"change": func(rt *rapid.T) {
				if len(handles) == 0 {
					rt.Skip("nothing was received")
				}
				body, timeout := rapid.SampledFrom(keys(handles)).Draw(rt, "body"), rapid.IntRange(0, 5).Draw(rt, "timeout")
				_, err := e.call("ChangeMessageVisibility", fmt.Sprintf(`{Q,"ReceiptHandle":%q,"VisibilityTimeout":%d}`, handles[body], timeout))
				if inFlight := hidden[body].After(c.Now()); inFlight != (err == nil) {
					rt.Fatalf("changing %s, in flight %t: %v", body, inFlight, err)
				}
				if err == nil {
					hidden[body] = c.Now().Add(time.Duration(timeout) * time.Second)
				}
			},
			"wait": func(rt *rapid.T) {
				c.Advance(time.Duration(rapid.IntRange(1, 4).Draw(rt, "seconds")) * time.Second)
			},
		})
		// In the end everything that was not deleted is there.
		c.Advance(time.Hour)
		for want := len(hidden); want > 0; {
			got := e.receive(`,"MaxNumberOfMessages":10,"VisibilityTimeout":600`)
			if len(got) == 0 {
				rt.Fatalf("%d messages are lost", want)
			}
			want -= len(got)
		}
	})
}

func keys(m map[string]string) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	// Draws must not depend on the order of a map.
	return slices.Sorted(slices.Values(all))
}
