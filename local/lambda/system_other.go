//go:build !linux

package lambda

import (
	"os"
	"syscall"
)

// runStarter runs the functions sent to it, one after the other.
func runStarter(functions <-chan func()) {
	for f := range functions {
		f()
	}
}

func sysProcAttr() *syscall.SysProcAttr { return nil }

// killGroup kills the program; what it has started is left alone on systems other than Linux.
func killGroup(p *os.Process) { p.Kill() }

// terminate asks the program to end.
func terminate(p *os.Process) { p.Signal(syscall.SIGTERM) }

// memory would watch how much memory a program uses; that is known on Linux only.
type memory struct{}

func (*memory) open(int)    {}
func (*memory) close()      {}
func (*memory) peakMB() int { return 0 }
