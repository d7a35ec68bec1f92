package mapping_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"transactional-outbox/local/mapping"
)

// plan is what a random test lets happen.
type plan struct {
	config   mapping.Config
	keys     []int // the partition key of each record
	filtered map[int]bool
	poison   map[int]bool // records that no invocation survives
	outcomes []int        // of invocations in their order; cyclic
	reshard  bool
	updates  int // how often the configuration is replaced while records flow
}

func drawPlan(rt *rapid.T) plan {
	p := plan{
		config: mapping.Config{
			BatchSize:                      rapid.IntRange(1, 12).Draw(rt, "batchSize"),
			MaximumBatchingWindowInSeconds: rapid.SampledFrom([]int{0, 0, 1, 5}).Draw(rt, "window"),
			ParallelizationFactor:          rapid.IntRange(1, 4).Draw(rt, "parallelization"),
			MaximumRetryAttempts:           ptr(rapid.IntRange(0, 3).Draw(rt, "retries")),
			MaximumRecordAgeInSeconds:      rapid.SampledFrom([]int{-1, 60}).Draw(rt, "age"),
			BisectBatchOnFunctionError:     rapid.Bool().Draw(rt, "bisect"),
			OnFailure:                      queueARN,
			Filters:                        []string{`{"data":{"wanted":[true]}}`},
		},
		keys:     rapid.SliceOfN(rapid.IntRange(0, 5), 1, 60).Draw(rt, "keys"),
		outcomes: append(rapid.SliceOfN(rapid.IntRange(0, 5), 0, 20).Draw(rt, "outcomes"), 5), // at least now and then there is no throttle
		reshard:  rapid.Bool().Draw(rt, "reshard"),
		updates:  rapid.IntRange(0, 3).Draw(rt, "updates"),
		filtered: map[int]bool{}, poison: map[int]bool{},
	}
	if rapid.Bool().Draw(rt, "reporting") {
		p.config.FunctionResponseTypes = []string{mapping.ReportBatchItemFailures}
	}
	for i := range p.keys {
		switch rapid.IntRange(0, 11).Draw(rt, "kind") {
		case 0:
			p.filtered[i] = true
		case 1:
			p.poison[i] = true
		}
	}
	return p
}

// TestNothingIsLost lets a function succeed, fail, throttle and report in any order, with poisonous records, a reshard and updates in
// between. Rapid prints the seed of a failure.
func TestNothingIsLost(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		p := drawPlan(rt)
		var problem string
		inVirtualTime(t, func(t *testing.T) { problem = p.run(t) })
		if problem != "" {
			rt.Fatal(problem)
		}
	})
}

// ledger keeps what became of each record, by its number.
type ledger struct {
	acknowledged map[int]int
	order        []int // numbers in the order of their first acknowledgement
}

func (l *ledger) acknowledge(numbers []int) {
	for _, n := range numbers {
		if l.acknowledged[n] == 0 {
			l.order = append(l.order, n)
		}
		l.acknowledged[n]++
	}
}

func (p plan) run(t *testing.T) string {
	w := newWorkbench(t, p.config)
	l := &ledger{acknowledged: map[int]int{}}
	w.function.answer = func(call int, batch []string) (*mapping.Response, error) {
		time.Sleep(100 * time.Millisecond)
		return p.answer(w, l, call, batch)
	}
	w.start()
	for i, key := range p.keys {
		if p.reshard && i == len(p.keys)/2 {
			w.stream.addShard("child", "s")
			w.stream.closeShard("s")
		}
		shard := "s"
		if p.reshard && i >= len(p.keys)/2 {
			shard = "child"
		}
		w.stream.putKey(shard, fmt.Sprint(key), fmt.Sprintf(`{"wanted":%v,"number":%d}`, !p.filtered[i], i))
		if p.updates > 0 && i%(1+len(p.keys)/p.updates) == 0 {
			w.update(func(c *mapping.Config) { c.ParallelizationFactor = 1 + i%5 })
		}
		w.pass(50 * time.Millisecond)
	}
	w.pass(3 * time.Hour)
	return p.check(t, w, l)
}

// answer decides about one invocation. Lanes call it at the same time.
func (p plan) answer(w *workbench, l *ledger, call int, batch []string) (*mapping.Response, error) {
	w.function.mu.Lock()
	defer w.function.mu.Unlock()
	var numbers []int
	poisoned := -1
	for i, data := range batch {
		_, text, _ := strings.Cut(strings.TrimSuffix(data, "}"), `"number":`)
		n, _ := strconv.Atoi(text)
		numbers = append(numbers, n)
		if p.poison[n] && poisoned < 0 {
			poisoned = i
		}
	}
	reports := len(p.config.FunctionResponseTypes) > 0
	sequence := func(i int) string { return fmt.Sprint(1001 + numbers[i]) }
	switch outcome := p.outcomes[call%len(p.outcomes)]; {
	case outcome == 0:
		return nil, errThrottled
	case outcome == 1:
		return crash()
	case outcome == 2 && reports:
		return partial("unknown")
	case poisoned >= 0 && reports:
		l.acknowledge(numbers[:poisoned])
		return partial(sequence(poisoned))
	case poisoned >= 0:
		return crash()
	case outcome == 3 && reports:
		i := call % len(batch)
		l.acknowledge(numbers[:i])
		return partial(sequence(i), sequence(len(batch)-1))
	}
	l.acknowledge(numbers)
	return ok()
}

func (p plan) check(t *testing.T, w *workbench, l *ledger) string {
	status := w.mapping.Status()
	if status.Backlog != 0 {
		return fmt.Sprintf("%d records are not finished: %+v", status.Backlog, status)
	}
	dead := map[int]int{}
	for _, letter := range w.queue.got(t) {
		start, _ := strconv.Atoi(letter.Start)
		end, _ := strconv.Atoi(letter.End)
		n := 0
		// A range can span records of other keys, which went through another lane: those that were acknowledged or filtered are not meant.
		for i := start - 1001; i <= end-1001; i++ {
			if l.acknowledged[i] == 0 && !p.filtered[i] {
				dead[i]++
				n++
			}
		}
		if p.config.ParallelizationFactor == 1 && p.updates == 0 && n != letter.BatchSize {
			return fmt.Sprintf("a letter about %d records names %d: %+v", letter.BatchSize, n, letter)
		}
	}
	single := p.config.ParallelizationFactor == 1 && p.updates == 0
	for i := range p.keys {
		switch {
		case p.filtered[i] && l.acknowledged[i] > 0:
			return fmt.Sprintf("record %d was delivered although it is filtered out", i)
		case p.filtered[i]:
		case l.acknowledged[i] > 1:
			return fmt.Sprintf("record %d was acknowledged %d times", i, l.acknowledged[i])
		case l.acknowledged[i] == 0 && dead[i] == 0:
			return fmt.Sprintf("record %d is lost", i)
		case single && l.acknowledged[i] == 0 && dead[i] != 1:
			return fmt.Sprintf("record %d is named in %d letters", i, dead[i])
		}
	}
	last := map[int]int{}
	for _, n := range l.order {
		key := p.keys[n]
		if previous, seen := last[key]; seen && previous > n {
			return fmt.Sprintf("record %d of key %d was delivered after %d", n, key, previous)
		}
		last[key] = n
	}
	if got := status.FilteredOutEventCount; got != int64(len(p.filtered)) {
		return fmt.Sprintf("%d records filtered out, want %d", got, len(p.filtered))
	}
	if got := status.PolledEventCount; got != int64(len(p.keys)) {
		return fmt.Sprintf("%d records polled, want %d", got, len(p.keys))
	}
	unacknowledged := int64(len(p.keys) - len(p.filtered) - len(l.order))
	if got := status.OnFailureDestinationDeliveredEventCount; got != unacknowledged {
		return fmt.Sprintf("%d records named in dead letters, want %d", got, unacknowledged)
	}
	return ""
}
