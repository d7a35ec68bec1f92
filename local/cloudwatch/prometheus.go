package cloudwatch

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// recent is the time that quantiles are taken of.
const recent = 5 * time.Minute

// WritePrometheus writes every metric in Prometheus's text format: counters with their total, gauges with their last value,
// distributions as summaries whose quantiles are of the last minutes before at.
// https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
func (m *Metrics) WritePrometheus(w io.Writer, at time.Time) error {
	families := m.families(at)
	for _, name := range slices.Sorted(maps.Keys(families)) {
		f := families[name]
		if _, err := fmt.Fprintf(w, "# HELP %s %s of CloudWatch\n# TYPE %s %s\n", name, f.origin, name, f.kind); err != nil {
			return err
		}
		slices.Sort(f.lines)
		for _, line := range f.lines {
			if _, err := io.WriteString(w, line); err != nil {
				return err
			}
		}
	}
	return nil
}

// family are the lines of one name.
type family struct {
	origin, kind string
	lines        []string
}

func (m *Metrics) families(at time.Time) map[string]*family {
	m.mu.Lock()
	defer m.mu.Unlock()
	families := map[string]*family{}
	for _, s := range m.series {
		name := snake(s.namespace) + "_" + snake(s.name)
		kind := [...]string{Counter: "counter", Gauge: "gauge", Distribution: "summary"}[s.kind]
		if s.kind == Counter {
			name += "_total"
		}
		f := families[name]
		if f == nil {
			f = &family{origin: s.name + " in " + s.namespace, kind: kind}
			families[name] = f
		}
		labels := labels(s.dimensions)
		line := func(suffix, extra string, value float64) {
			all := strings.TrimSuffix(strings.TrimPrefix(labels+","+extra, ","), ",")
			if all != "" {
				all = "{" + all + "}"
			}
			f.lines = append(f.lines, name+suffix+all+" "+strconv.FormatFloat(value, 'g', -1, 64)+"\n")
		}
		switch s.kind {
		case Counter:
			line("", "", s.sum)
		case Gauge:
			line("", "", s.last)
		default:
			last := s.within(at.Add(-recent+time.Minute).Truncate(time.Minute), recent)
			for _, p := range []string{"0.5", "0.9", "0.99"} {
				share, _ := strconv.ParseFloat(p, 64)
				if value, ok := last.statistic(fmt.Sprintf("p%g", 100*share)); ok {
					line("", `quantile="`+p+`"`, value)
				}
			}
			line("_count", "", s.count)
			line("_sum", "", s.sum)
		}
	}
	return families
}

var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func labels(dimensions Dimensions) string {
	var list []string
	for name, value := range dimensions {
		list = append(list, snake(name)+`="`+escapes.Replace(value)+`"`)
	}
	slices.SortFunc(list, cmp.Compare)
	return strings.Join(list, ",")
}

// snake turns CloudWatch's names into Prometheus's: AWS/Lambda into aws_lambda, IteratorAge into iterator_age.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			b.WriteByte('_')
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
