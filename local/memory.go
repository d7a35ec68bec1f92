package main

import (
	"fmt"
	"runtime"
)

// peakMemory is the most memory this process has held, as the Go runtime knows it.
func peakMemory() string {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return fmt.Sprintf("%.0f MB", float64(stats.Sys)/1e6)
}
