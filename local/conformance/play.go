package conformance

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// Play sends the requests of a script one after the other and returns the answers as View words them. Answers longer than a few
// kilobytes are cut in the middle.
func (s *Script) Play(ctx context.Context, e Caller) ([]string, error) {
	view, kept := &View{}, map[string]string{}
	var out []string
	for _, step := range s.Steps {
		request := []byte(expand(step.Request, kept))
		answer, err := e.Call(ctx, step.Operation, request)
		if err == nil && step.Until.Path != "" {
			answer, err = until(ctx, e, step, request)
		}
		if err != nil {
			return out, fmt.Errorf("%s:%d: %s: %w", s.Path, step.Line, step.Operation, err)
		}
		for _, keep := range step.Keep {
			kept[keep.Name] = pick(answer.Body, keep.Path)
		}
		text := shorten(view.Text(step.Operation, answer))
		if step.Setup || step.Until.Path != "" {
			if step.Setup && answer.Status != http.StatusOK {
				return out, fmt.Errorf("%s:%d: %s: %s", s.Path, step.Line, step.Operation, text)
			}
			text = ""
		}
		out = append(out, text)
	}
	return out, nil
}

// patience bounds how long a witness may take to get where a script waits for it.
const patience = 30 * time.Second

// until repeats a request until its answer is as the step says.
func until(ctx context.Context, e Caller, step Step, request []byte) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		answer, err := e.Call(ctx, step.Operation, request)
		if err != nil {
			return answer, err
		}
		if pick(answer.Body, step.Until.Path) == step.Until.Name {
			return answer, nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return answer, fmt.Errorf("%s is still %q, not %s", step.Until.Path, pick(answer.Body, step.Until.Path), step.Until.Name)
		}
	}
}

func shorten(text string) string {
	const most = 4000
	if len(text) <= most {
		return text
	}
	return text[:most/2] + fmt.Sprintf("[%d bytes]", len(text)-most) + text[len(text)-most/2:]
}

// pick finds the string at a path such as Records.0.SequenceNumber, "" if there is none.
func pick(body []byte, path string) string {
	var value any
	if json.Unmarshal(body, &value) != nil {
		return ""
	}
	for _, name := range strings.Split(path, ".") {
		switch at := value.(type) {
		case map[string]any:
			value = at[name]
		case []any:
			i, err := strconv.Atoi(name)
			if i < 0 {
				i += len(at)
			}
			if err != nil || i < 0 || i >= len(at) {
				return ""
			}
			value = at[i]
		}
	}
	switch value := value.(type) {
	case string:
		return value
	case float64:
		return strconv.FormatFloat(value, 'f', -1, 64)
	}
	return ""
}
