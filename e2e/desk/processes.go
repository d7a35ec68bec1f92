package desk

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// process is one process of this machine. Process ids are reused; together with the start they are not.
type process struct {
	pid, parent   int
	start, status string
	command       string
}

func (p process) String() string { return fmt.Sprintf("%d (%s)", p.pid, p.command) }

// descendants returns the children of pid, their children, and so on.
func descendants(pid int) ([]process, error) {
	all, err := processes()
	if err != nil {
		return nil, err
	}
	family := []int{pid}
	var found []process
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			if slices.Contains(family, p.parent) && !slices.Contains(family, p.pid) {
				family = append(family, p.pid)
				found = append(found, p)
				grown = true
			}
		}
	}
	return found, nil
}

// alive returns those of the processes that still run.
func alive(started []process) ([]process, error) {
	all, err := processes()
	if err != nil {
		return nil, err
	}
	var left []process
	for _, p := range all {
		if strings.HasPrefix(p.status, "Z") {
			continue // has ended; only its parent has not asked yet
		}
		if slices.ContainsFunc(started, func(s process) bool { return s.pid == p.pid && s.start == p.start }) {
			left = append(left, p)
		}
	}
	return left, nil
}

// processes lists all processes: from /proc where there is one, since a small Linux has no ps, and by ps elsewhere.
func processes() ([]process, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || len(stats) == 0 {
		return processesByPS()
	}
	var all []process
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // ended meanwhile
		}
		if p, ok := parseStat(string(stat)); ok {
			all = append(all, p)
		}
	}
	return all, nil
}

// parseStat reads the line of proc_pid_stat(5): pid (command) state ppid …, the start being field 22. The command may
// hold anything, parentheses included.
func parseStat(stat string) (process, bool) {
	head, command, found := strings.Cut(stat, " (")
	end := strings.LastIndexByte(command, ')')
	if !found || end < 0 {
		return process{}, false
	}
	fields := strings.Fields(command[end+1:])
	if len(fields) < 20 {
		return process{}, false
	}
	pid, err1 := strconv.Atoi(head)
	parent, err2 := strconv.Atoi(fields[1])
	return process{pid: pid, parent: parent, start: fields[19], status: fields[0], command: command[:end]}, err1 == nil && err2 == nil
}

func processesByPS() ([]process, error) {
	listed, err := exec.Command("ps", "-axo", "pid=,ppid=,stat=,lstart=,comm=").Output()
	if err != nil {
		return nil, fmt.Errorf("ps: %w", err)
	}
	var all []process
	for line := range strings.Lines(string(listed)) {
		fields := strings.Fields(line)
		const start, command = 3, 8 // lstart is five words
		if len(fields) <= command {
			continue
		}
		pid, err1 := strconv.Atoi(fields[0])
		parent, err2 := strconv.Atoi(fields[1])
		if err1 == nil && err2 == nil {
			all = append(all, process{
				pid: pid, parent: parent, status: fields[2],
				start: strings.Join(fields[start:command], " "), command: strings.Join(fields[command:], " "),
			})
		}
	}
	return all, nil
}
