//go:build profile

package lambdaenv

import (
	"fmt"
	"os"
	"os/signal"
	"runtime/pprof"
	"syscall"
)

// profile writes a CPU profile of the function's life, until it is told to end, to the file that PROFILE_FILE names. It is part of
// functions that are built with the tag of its name, as the desk does to see where their time goes, and never of deployed ones.
func profile() {
	name := os.Getenv("PROFILE_FILE")
	if name == "" {
		return
	}
	file, err := os.Create(name)
	if err == nil {
		err = pprof.StartCPUProfile(file)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "profile:", err)
		os.Exit(1)
	}
	end := make(chan os.Signal, 1)
	signal.Notify(end, syscall.SIGTERM)
	go func() {
		<-end
		pprof.StopCPUProfile()
		if err := file.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "profile:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}()
}
