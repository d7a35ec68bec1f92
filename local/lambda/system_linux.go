package lambda

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
)

// runStarter runs the functions sent to it, one after the other, on one thread. The kernel kills a child with Pdeathsig when the
// thread that started it ends, not the process, so the thread must outlive the children: see the note at PR_SET_PDEATHSIG in
// prctl(2).
func runStarter(functions <-chan func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for f := range functions {
		f()
	}
}

// sysProcAttr puts a program into a process group of its own, and makes it end with us, however we end.
func sysProcAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// killGroup kills the program and what it has started.
func killGroup(p *os.Process) { syscall.Kill(-p.Pid, syscall.SIGKILL) }

// terminate asks the program to end.
func terminate(p *os.Process) { p.Signal(syscall.SIGTERM) }

// memory watches how much memory a program uses. A program may have answered before open is called, and may end while it is asked.
type memory struct {
	mu     sync.Mutex
	status *os.File
	buf    [64]byte
	pages  int
}

func (m *memory) open(pid int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.status, _ = os.Open("/proc/" + strconv.Itoa(pid) + "/statm") // without it the peak is not known
}

func (m *memory) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.status != nil {
		m.status.Close()
		m.status = nil
	}
}

// peakMB is the most memory the program has been seen using, in MB.
func (m *memory) peakMB() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.status != nil {
		n, _ := m.status.ReadAt(m.buf[:], 0)
		if fields := bytes.Fields(m.buf[:n]); len(fields) > 1 {
			if pages, err := strconv.Atoi(string(fields[1])); err == nil {
				m.pages = max(m.pages, pages)
			}
		}
	}
	return (m.pages*os.Getpagesize() + 1<<20 - 1) >> 20
}
