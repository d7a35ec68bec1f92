package lambda

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Lines longer than this are cut, as CloudWatch Logs cuts events.
const maxLine = 256 << 10

// The states of an invocation in Lambda's reports.
const (
	statusSuccess = "success"
	statusError   = "error"   // the function answered with an error
	statusFailure = "failure" // the process ended
	statusTimeout = "timeout"
)

func statusOf(a *answer) string {
	switch {
	case a.functionError == "":
		return statusSuccess
	case a.errorType == "Sandbox.Timedout" && a.failure != nil:
		return statusTimeout
	case a.failure != nil:
		return statusFailure
	}
	return statusError
}

// readLog passes on what the program writes, line by line, until it has ended.
func (proc *process) readLog(output io.Reader) {
	r := bufio.NewReaderSize(output, 4096)
	var long []byte
	for {
		part, err := r.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			if len(long) < maxLine {
				long = append(long, part...)
			}
			continue
		}
		line := part
		if long != nil {
			line = append(long, part...)
			long = nil
		}
		if len(line) > 0 && proc.config.Log != nil {
			proc.config.Log(LogLine{Time: proc.pool.service.opts.Clock(), Stream: proc.stream, Text: bytes.TrimRight(line, "\r\n")})
		}
		if err != nil {
			return
		}
	}
}

// logs tells whether Lambda's own lines of a level, LogInfo or LogWarn, are wanted. Text format has no levels.
func (proc *process) logs(level string) bool {
	l := proc.config.Logging
	if proc.config.Log == nil {
		return false
	}
	return l.Format == LogText || level == LogWarn || l.SystemLevel != LogWarn
}

func (proc *process) log(now time.Time, line []byte) {
	proc.config.Log(LogLine{Time: now, Stream: proc.stream, Platform: true, Text: line})
}

// event begins a JSON line up to its record.
func event(b []byte, now time.Time, kind string) []byte {
	b = append(b, `{"time":"`...)
	b = now.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = append(b, `","type":"platform.`...)
	b = append(b, kind...)
	return append(b, `","record":{`...)
}

// platformInitStart logs that the process is being started.
func (proc *process) platformInitStart() {
	if proc.config.Logging.Format != LogJSON || !proc.logs(LogInfo) {
		return
	}
	now := proc.pool.service.opts.Clock()
	b := event(nil, now, "initStart")
	b = append(b, `"initializationType":"on-demand","phase":"init","functionName":"`...)
	b = append(b, proc.config.Name...)
	b = append(b, `","functionVersion":"$LATEST","instanceMaxMemory":`...)
	b = strconv.AppendInt(b, int64(proc.config.MemoryMB)<<20, 10)
	proc.log(now, append(b, "}}"...))
}

// platformStart logs the start of an invocation.
func (proc *process) platformStart(inv *invocation) {
	if !proc.logs(LogInfo) {
		return
	}
	now := proc.pool.service.opts.Clock()
	b := proc.line[:0]
	if proc.config.Logging.Format == LogJSON {
		b = event(b, now, "start")
		b = append(b, `"requestId":"`...)
		b = append(b, inv.id...)
		b = append(b, `","version":"$LATEST"}}`...)
	} else {
		b = append(b, "START RequestId: "...)
		b = append(b, inv.id...)
		b = append(b, " Version: $LATEST"...)
	}
	proc.log(now, b)
	proc.line = b
}

// platformFailure logs, in text format, why a process did not answer. The JSON format has it in the report.
func (proc *process) platformFailure(inv *invocation, a *answer, f *failure) {
	if a.failure == nil || proc.config.Logging.Format == LogJSON || !proc.logs(LogWarn) {
		return
	}
	now := proc.pool.service.opts.Clock()
	b := proc.line[:0]
	if f.errorType == "Sandbox.Timedout" {
		b = now.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z ")
		b = append(append(b, inv.id...), ' ')
		b = append(b, f.message...)
	} else {
		b = append(append(b, "RequestId: "...), inv.id...)
		b = append(append(b, " Error: "...), f.message...)
		b = append(append(b, ' '), f.errorType...)
	}
	proc.log(now, b)
	proc.line = b
}

// platformReport logs the end of an invocation.
// https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
func (proc *process) platformReport(inv *invocation, r *Result, errorType, status string) {
	level := LogInfo
	if status != statusSuccess {
		level = LogWarn
	}
	if !proc.logs(level) {
		return
	}
	now := proc.pool.service.opts.Clock()
	if proc.config.Logging.Format == LogJSON {
		b := event(proc.line[:0], now, "report")
		b = append(append(b, `"requestId":"`...), inv.id...)
		b = append(b, `","metrics":{"durationMs":`...)
		b = milliseconds(b, r.Duration)
		b = append(b, `,"billedDurationMs":`...)
		b = strconv.AppendInt(b, billed(r), 10)
		b = append(b, `,"memorySizeMB":`...)
		b = strconv.AppendInt(b, int64(proc.config.MemoryMB), 10)
		b = append(b, `,"maxMemoryUsedMB":`...)
		b = strconv.AppendInt(b, int64(r.MaxMemoryMB), 10)
		if r.InitDuration > 0 {
			b = append(b, `,"initDurationMs":`...)
			b = milliseconds(b, r.InitDuration)
		}
		b = append(append(b, `},"status":"`...), status...)
		if errorType != "" && status != statusSuccess {
			b = append(b, `","errorType":`...)
			b, _ = jsontext.AppendQuote(b, errorType) // what is not UTF-8 is replaced
			b = append(b, "}}"...)
		} else {
			b = append(b, `"}}`...)
		}
		proc.log(now, b)
		proc.line = b
		return
	}
	b := append(append(proc.line[:0], "END RequestId: "...), inv.id...)
	proc.log(now, b)
	b = append(append(b[:0], "REPORT RequestId: "...), inv.id...)
	b = append(b, "\tDuration: "...)
	b = milliseconds(b, r.Duration)
	b = append(b, " ms\tBilled Duration: "...)
	b = strconv.AppendInt(b, billed(r), 10)
	b = append(b, " ms\tMemory Size: "...)
	b = strconv.AppendInt(b, int64(proc.config.MemoryMB), 10)
	b = append(b, " MB\tMax Memory Used: "...)
	b = strconv.AppendInt(b, int64(r.MaxMemoryMB), 10)
	b = append(b, " MB"...)
	if r.InitDuration > 0 {
		b = append(b, "\tInit Duration: "...)
		b = milliseconds(b, r.InitDuration)
		b = append(b, " ms"...)
	}
	if status != statusSuccess {
		b = append(append(b, "\tStatus: "...), status...)
		if errorType != "" {
			b = append(append(b, "\tError Type: "...), errorType...)
		}
	}
	proc.log(now, b)
	proc.line = b
}

func milliseconds(b []byte, d time.Duration) []byte {
	return strconv.AppendFloat(b, math.Round(float64(d)/1e4)/100, 'f', -1, 64)
}

// billed is the time an invocation is billed for, in whole milliseconds: since August 2025 initialisation counts.
func billed(r *Result) int64 {
	return int64(math.Ceil(float64(r.Duration+r.InitDuration) / float64(time.Millisecond)))
}
