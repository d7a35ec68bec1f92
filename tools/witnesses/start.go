package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"
)

// startTime bounds how long a witness may take to listen.
const startTime = 5 * time.Minute

// witness is a running process.
type witness struct {
	url  string
	cmd  *exec.Cmd
	done chan struct{}
}

// startAll starts the witnesses, all at once, and returns the environment variables that say where they are. end ends them.
func (s *software) startAll(ctx context.Context) (variables []string, end func(), err error) {
	starts := []struct {
		variable string
		start    func(context.Context) (*witness, error)
	}{
		{"OUTBOX_DYNAMODB_WITNESS", s.startDynamoDB},
		{"OUTBOX_KINESIS_WITNESS", s.startKinesis},
		{"OUTBOX_SQS_WITNESS", s.startSQS},
	}
	witnesses, errs := make([]*witness, len(starts)), make([]error, len(starts))
	var group sync.WaitGroup
	for i := range starts {
		group.Go(func() { witnesses[i], errs[i] = starts[i].start(ctx) })
	}
	group.Wait()
	end = func() {
		for _, w := range witnesses {
			if w != nil {
				w.end()
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		end()
		return nil, nil, err
	}
	for i, w := range witnesses {
		variables = append(variables, starts[i].variable+"="+w.url)
	}
	return variables, end, nil
}

// startDynamoDB starts DynamoDB Local in memory, with data of its own for each access key and region.
func (s *software) startDynamoDB(ctx context.Context) (*witness, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	return s.start(ctx, port, program{name: "dynamodb", command: []string{"java", "-Djava.library.path=" + s.path("dynamodb"), "-cp", s.path("dynamodb", "*"),
		s.path("Loopback.java"), "-inMemory", "-disableTelemetry", "-port", strconv.Itoa(port)}})
}

// startKinesis starts kinesis-mock, whose streams change state without delay.
func (s *software) startKinesis(ctx context.Context) (*witness, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	tls, err := freePort()
	if err != nil {
		return nil, err
	}
	environment := []string{
		"KINESIS_MOCK_PLAIN_PORT=" + strconv.Itoa(port), "KINESIS_MOCK_TLS_PORT=" + strconv.Itoa(tls), "LOG_LEVEL=ERROR", "SHARD_LIMIT=10000",
		"ON_DEMAND_STREAM_COUNT_LIMIT=10000",
	}
	for _, change := range []string{
		"CREATE_STREAM", "DELETE_STREAM", "REGISTER_STREAM_CONSUMER", "START_STREAM_ENCRYPTION", "STOP_STREAM_ENCRYPTION",
		"DEREGISTER_STREAM_CONSUMER", "MERGE_SHARDS", "SPLIT_SHARD", "UPDATE_SHARD_COUNT", "UPDATE_STREAM_MODE",
	} {
		environment = append(environment, change+"_DURATION=0ms")
	}
	// It looks for its files in the working directory.
	return s.start(ctx, port, program{name: "kinesis", folder: s.path("node_modules", "kinesis-local"), environment: environment,
		command: []string{"node", "--require", s.path("loopback.cjs"), "main.js"}})
}

// startSQS starts ElasticMQ in memory.
func (s *software) startSQS(ctx context.Context) (*witness, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	return s.start(ctx, port, program{name: "sqs", command: []string{"java", "-Drest-sqs.bind-port=" + strconv.Itoa(port), "-Drest-sqs.bind-hostname=127.0.0.1",
		"-Drest-stats.enabled=false", "-Dgenerate-node-address=true", "-cp", s.path("elasticmq", "*"), "org.elasticmq.server.Main"}})
}

// program is what a witness is started from.
type program struct {
	name        string // of its log
	folder      string // to work in; "" means that with all witnesses
	environment []string
	command     []string
}

// start starts a process and waits until it answers HTTP on port. What it prints goes to NAME.log.
func (s *software) start(ctx context.Context, port int, p program) (*witness, error) {
	if p.folder == "" {
		p.folder = s.folder
	}
	w := &witness{url: "http://127.0.0.1:" + strconv.Itoa(port), cmd: exec.Command(p.command[0], p.command[1:]...), done: make(chan struct{})}
	w.cmd.Dir, w.cmd.Env = p.folder, append(os.Environ(), p.environment...)
	log, err := os.Create(s.path(p.name + ".log"))
	if err != nil {
		return nil, err
	}
	defer log.Close() // the process has its own
	w.cmd.Stdout, w.cmd.Stderr = log, log
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		// How it ended does not matter: it is waited for only when it has been told to, or has failed to start.
		_ = w.cmd.Wait()
		close(w.done)
	}()
	deadline, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		request, err := http.NewRequestWithContext(deadline, http.MethodGet, w.url, nil)
		if err != nil {
			return nil, err
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
			return w, nil
		}
		select {
		case <-ticker.C:
		case <-w.done:
			return nil, fmt.Errorf("%s ended before it listened: %s; see %s", p.name, w.cmd.ProcessState, log.Name())
		case <-deadline.Done():
			w.end()
			return nil, fmt.Errorf("%s does not answer at %s after %s", p.name, w.url, startTime)
		}
	}
}

// end kills the process, whose data is worth nothing, and returns when it is gone.
func (w *witness) end() {
	// It fails only if the process has ended already.
	_ = w.cmd.Process.Kill()
	<-w.done
}

// freePort finds a port that nobody listens on. Somebody else may take it before it is used; then the witness fails to start.
func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}
