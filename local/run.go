package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/mattn/go-isatty"

	"transactional-outbox/local/cloud"
	"transactional-outbox/local/desk"
	"transactional-outbox/local/dynamodb"
	"transactional-outbox/local/faults"
	"transactional-outbox/local/view"
	"transactional-outbox/stack"
)

// run starts the desk and stays until ctx is done, or until the trial is over.
func run(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) > 0 && args[0] == "provider" {
		return provide(ctx, args[1:], stdout)
	}
	begun := time.Now()
	f, err := parseFlags(args, stdout)
	if err != nil {
		return err
	}
	if f.profile, err = profilePath(f.profile); err != nil {
		return err
	}
	root, err := findRoot()
	if err != nil {
		return err
	}
	v := view.New(stdout, view.Options{Color: isTerminal(stdout), Verbose: f.verbose, Trace: f.trace})
	tally := &tally{}
	options := desk.Options{
		Root: root, Stage: f.stage, Program: stack.Deploy, Listen: f.listen, AWSListen: f.awsListen,
		Cloud: cloud.Options{
			Seed: f.seed, Profile: f.profile, DynamoDBEndpoint: f.dynamodb, KinesisEndpoint: f.kinesis,
			Log: func(line cloud.LogLine) {
				tally.count(line)
				if f.orders == 0 || f.verbose {
					v.Log(line)
				}
			},
		},
		Logger: slog.New(v.Handler()),
	}
	if f.orders == 0 {
		options.Cloud.OnStreamRecord = v.Streamed
	}
	var provider *tokens
	if f.issuer {
		if provider, err = serveTokens(root, f.stage); err != nil {
			return err
		}
		defer provider.Close()
		options.Config = provider.config()
	}
	if f.mix != nil {
		options.Cloud.Faults = faults.New(*f.mix, f.seed, &faults.Options{Logger: options.Logger})
		if f.orders > 0 && !f.verbose {
			options.Logger = nil // every killed process would have its line
		}
	}
	if f.orders > 0 && !f.verbose {
		// Nobody looks at the lines of each event then, and they would take a tenth of the time.
		options.Config = map[string]string{"transactional-outbox:logLevel": "INFO"}
	}
	d, err := desk.Start(ctx, options)
	if err != nil {
		return explain(err, f)
	}
	profile, err := startProfile(f.profile)
	if err != nil {
		return errors.Join(err, d.Close())
	}
	greet := func() { welcome(stdout, d, provider, time.Since(begun)) }
	err = operate(ctx, d, f, v, tally, greet, stdout)
	err = errors.Join(err, profile.stop(), d.Close())
	if err == nil {
		err = profile.tell(stdout)
	}
	return err
}

// operate tells the person at the desk what is there, and does what the flags ask for.
func operate(ctx context.Context, d *desk.Desk, f flags, v *view.View, tally *tally, greet func(), stdout io.Writer) error {
	if f.orders == 0 {
		stop, err := follow(d, v)
		if err != nil {
			return err
		}
		defer stop()
	}
	if f.outputs != "" {
		if err := writeOutputs(f.outputs, d.Outputs); err != nil {
			return err
		}
	}
	greet()
	if f.mix != nil {
		fmt.Fprintf(stdout, "Faults: %s, seed %d.\n\n", f.mix, f.seed)
	}
	if f.orders > 0 {
		return tryOut(ctx, d, f, tally, stdout)
	}
	<-ctx.Done()
	fmt.Fprintln(stdout, "\nStopping.")
	return nil
}

// follow shows the changes of the outbox and of the consumer's state until stop is called.
func follow(d *desk.Desk, v *view.View) (stop func(), err error) {
	ctx, cancel := context.WithCancel(context.Background())
	var feeds []*dynamodb.Feed
	for output, show := range map[string]func(dynamodb.Change){"eventsTable": v.Committed, "fulfilmentsTable": v.Consumed} {
		feed, err := d.Cloud.Feed(d.Output(output))
		if err != nil {
			cancel()
			return nil, fmt.Errorf("output %s: %w", output, err)
		}
		feeds = append(feeds, feed)
		go func() {
			for {
				changes, err := feed.Next(ctx, 0)
				if err != nil {
					return
				}
				for _, change := range changes {
					show(change)
				}
			}
		}()
	}
	return func() {
		cancel()
		for _, feed := range feeds {
			feed.Close()
		}
	}, nil
}

func welcome(out io.Writer, d *desk.Desk, provider *tokens, ready time.Duration) {
	fmt.Fprintf(out, "The outbox is ready after %.2f s, of which the Pulumi program took %d ms.\n\n", ready.Seconds(), d.ProgramTime.Milliseconds())
	column := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	for _, name := range slices.Sorted(maps.Keys(d.Outputs)) {
		if value, ok := d.Outputs[name].(string); ok {
			fmt.Fprintf(column, "  %s\t%s\n", name, value)
		}
	}
	column.Flush()
	if provider != nil {
		provider.explain(out, d)
		return
	}
	fmt.Fprintf(out, "\nPlace an order:\n\n  curl -i %s/orders -H 'content-type: application/json' -d '{\"description\":\"two books\"}'\n\n", d.Output("apiUrl"))
}

// writeOutputs writes the outputs in one step, so that whoever waits for the file finds it whole.
func writeOutputs(path string, outputs map[string]any) error {
	text, err := json.Marshal(outputs, json.Deterministic(true), jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	partial := path + ".partial"
	if err := os.WriteFile(partial, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("-outputs: %w", err)
	}
	if err := os.Rename(partial, path); err != nil {
		return fmt.Errorf("-outputs: %w", err)
	}
	return nil
}

// findRoot looks for the folder with Pulumi.yaml, from the working directory upwards.
func findRoot() (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for folder := start; ; folder = filepath.Dir(folder) {
		_, err := os.Stat(filepath.Join(folder, "Pulumi.yaml"))
		switch {
		case err == nil:
			return folder, nil
		case !errors.Is(err, fs.ErrNotExist):
			return "", err
		case folder == filepath.Dir(folder):
			return "", fmt.Errorf("no Pulumi.yaml in %s or above: run this inside the project", start)
		}
	}
}

// explain adds to an error what the person at the desk can do about it.
func explain(err error, f flags) error {
	var address *net.OpError
	if errors.As(err, &address) && errors.Is(err, syscall.EADDRINUSE) {
		name := "-listen"
		if address.Addr != nil && address.Addr.String() == f.awsListen {
			name = "-aws-listen"
		}
		return fmt.Errorf("address %s is in use: stop what listens there, or choose another with %s (port 0 takes any free one)", address.Addr, name)
	}
	return err
}

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && isatty.IsTerminal(file.Fd()) && os.Getenv("NO_COLOR") == ""
}
