package cloudwatch

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// samples is how many values of a bucket percentiles are taken of.
const samples = 512

// bucket are the values of some time.
type bucket struct {
	count, sum, min, max float64

	values []float64
	every  int // one of so many values is among them; 0 and 1 mean each
	skip   int
}

func (b *bucket) add(v float64) {
	if b.count == 0 || v < b.min {
		b.min = v
	}
	if b.count == 0 || v > b.max {
		b.max = v
	}
	b.count++
	b.sum += v
	if b.skip++; b.skip < b.every {
		return
	}
	b.skip = 0
	if len(b.values) == samples {
		// Every second one goes, and from now on only half as many come.
		for i := range samples / 2 {
			b.values[i] = b.values[2*i]
		}
		b.values = b.values[:samples/2]
		b.every = 2 * max(b.every, 1)
	}
	b.values = append(b.values, v)
}

func (b *bucket) merge(other *bucket) {
	if other.count == 0 {
		return
	}
	if b.count == 0 || other.min < b.min {
		b.min = other.min
	}
	if b.count == 0 || other.max > b.max {
		b.max = other.max
	}
	b.count += other.count
	b.sum += other.sum
	b.values = append(b.values, other.values...)
}

// statistic returns a statistic by CloudWatch's name, and false if there is no value or no such statistic.
func (b *bucket) statistic(stat string) (float64, bool) {
	if b.count == 0 {
		return 0, false
	}
	switch stat {
	case "Sum":
		return b.sum, true
	case "Average":
		return b.sum / b.count, true
	case "Minimum":
		return b.min, true
	case "Maximum":
		return b.max, true
	case "SampleCount":
		return b.count, true
	}
	p, ok := percentile(stat)
	if !ok {
		return 0, false
	}
	sorted := slices.Clone(b.values)
	slices.Sort(sorted)
	return sorted[max(0, int(math.Ceil(p/100*float64(len(sorted))))-1)], true
}

// percentile reads p99 or p99.9.
func percentile(stat string) (float64, bool) {
	text, ok := strings.CutPrefix(stat, "p")
	if !ok {
		return 0, false
	}
	p, err := strconv.ParseFloat(text, 64)
	return p, err == nil && p >= 0 && p <= 100
}

// known reports whether there is a statistic of a name.
func known(stat string) bool {
	_, ok := percentile(stat)
	return ok || slices.Contains([]string{"Sum", "Average", "Minimum", "Maximum", "SampleCount"}, stat)
}
