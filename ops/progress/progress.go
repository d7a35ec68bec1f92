// Package progress tells whoever waits how far a long piece of work is: one line, rewritten in place on a terminal and now and then a
// new one anywhere else.
package progress

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
)

// How often the line is written.
const (
	onTerminal = 200 * time.Millisecond
	elsewhere  = 10 * time.Second
)

// A Line is a line of progress. Its methods may be called by several goroutines.
type Line struct {
	out      io.Writer
	terminal bool
	text     func() string
	stop     chan struct{}
	done     sync.WaitGroup
	once     sync.Once
}

// Start writes text to out from time to time until End is called. A nil out writes nothing.
func Start(out io.Writer, text func() string) *Line {
	l := &Line{out: out, text: text, stop: make(chan struct{})}
	if out == nil {
		return l
	}
	every := elsewhere
	if file, ok := out.(*os.File); ok && isatty.IsTerminal(file.Fd()) {
		l.terminal, every = true, onTerminal
	}
	l.done.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				l.write()
			case <-l.stop:
				return
			}
		}
	})
	return l
}

func (l *Line) write() {
	if l.terminal {
		// Back to the start of the line, and clear what was there.
		fmt.Fprintf(l.out, "\r\x1b[K%s", l.text())
		return
	}
	fmt.Fprintln(l.out, l.text())
}

// End stops the line and clears it. It may be called again.
func (l *Line) End() {
	l.once.Do(func() {
		close(l.stop)
		l.done.Wait()
		if l.terminal {
			fmt.Fprint(l.out, "\r\x1b[K")
		}
	})
}
