package view

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// Handler returns a slog handler that shows warnings and errors of the desk itself as lines of the view.
func (v *View) Handler() slog.Handler { return handler{view: v} }

type handler struct {
	view  *View
	attrs []slog.Attr
}

func (h handler) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

func (h handler) Handle(_ context.Context, record slog.Record) error {
	parts := []string{record.Message}
	add := func(attr slog.Attr) bool {
		parts = append(parts, fmt.Sprintf("%s=%v", attr.Key, attr.Value))
		return true
	}
	for _, attr := range h.attrs {
		add(attr)
	}
	record.Attrs(add)
	step := warning
	if record.Level >= slog.LevelError {
		step = failure
	}
	h.view.print(step, record.Time, strings.Join(parts, " "))
	return nil
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.view, append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

// WithGroup leaves groups out: the desk's own messages use none.
func (h handler) WithGroup(string) slog.Handler { return h }
