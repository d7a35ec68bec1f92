// Package desk puts the parts of the local cloud together: it runs the Pulumi program of a stage through the
// monitor driver on a fresh cloud and hands out what the stage exports.
package desk

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"transactional-outbox/local/cloud"
	"transactional-outbox/local/monitor"
	"transactional-outbox/stack/stage"
)

// Options configures [Start]. Root and Stage are required.
type Options struct {
	// Root is the folder with Pulumi.yaml.
	Root string
	// Stage names the stage whose configuration is used: Pulumi.<stage>.yaml.
	Stage string
	// Config replaces values of the stage's configuration, by full key ("aws:region").
	Config map[string]string
	// Program is the Pulumi program.
	Program pulumi.RunFunc
	// Listen is the address of the HTTP API, AWSListen that of the endpoint for AWS's own APIs. Empty means any free port.
	Listen, AWSListen string
	// Cloud is handed on; its Root, Folder, Region and addresses are set by Start.
	Cloud cloud.Options
	// Logger receives what the desk itself has to say. Nil discards it.
	Logger *slog.Logger
}

// Desk is a running stage.
type Desk struct {
	// Outputs are the stage's exports and, as awsEndpoint, the URL of the endpoint for AWS's own APIs.
	Outputs map[string]any
	// Cloud holds the resources.
	Cloud *cloud.Cloud
	// ProgramTime is how long the Pulumi program took, without the commands it ran.
	ProgramTime time.Duration

	folder string
}

// Start runs the program and returns when everything it declares is there. On an error nothing is left behind.
func Start(ctx context.Context, options Options) (*Desk, error) {
	project, config, err := stage.Load(options.Root, options.Stage)
	if err != nil {
		return nil, err
	}
	maps.Copy(config, options.Config)
	folder, err := os.MkdirTemp("", "transactional-outbox-")
	if err != nil {
		return nil, fmt.Errorf("folder for unpacked code: %w", err)
	}
	d := &Desk{folder: folder}

	settings := options.Cloud
	settings.Root, settings.Folder = options.Root, folder
	settings.Region = config["aws:region"]
	settings.APIListen, settings.AWSListen = options.Listen, options.AWSListen
	settings.Logger = options.Logger
	if d.Cloud, err = cloud.New(settings); err != nil {
		return nil, d.abandon(err)
	}

	begun := time.Now()
	d.Outputs, err = monitor.Run(ctx, options.Program, d.Cloud, monitor.Options{
		Project: project, Stage: options.Stage, Config: config, Root: options.Root,
	})
	if err != nil {
		return nil, d.abandon(err)
	}
	d.ProgramTime = time.Since(begun) - d.Cloud.CommandTime()
	d.Outputs = maps.Clone(d.Outputs)
	d.Outputs["awsEndpoint"] = d.Cloud.Endpoint()
	return d, nil
}

// abandon cleans up after a failed start and returns its error.
func (d *Desk) abandon(err error) error {
	d.Close()
	return err
}

// Output returns an output that is a string, or "" if the program exports no such thing.
func (d *Desk) Output(name string) string {
	value, _ := d.Outputs[name].(string)
	return value
}

// Close stops everything the desk started and removes what it wrote.
func (d *Desk) Close() error {
	var err error
	if d.Cloud != nil {
		err = d.Cloud.Close()
	}
	if failure := os.RemoveAll(d.folder); err == nil {
		err = failure
	}
	return err
}
