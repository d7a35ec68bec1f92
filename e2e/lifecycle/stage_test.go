package lifecycle_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/events"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optdestroy"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optrefresh"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
	"github.com/pulumi/pulumi/sdk/v3/go/common/apitype"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"transactional-outbox/stack"
)

// stage is one Pulumi stack of a clone.
type stage struct {
	t         *testing.T
	stack     auto.Stack
	workspace auto.Workspace
	cli       auto.PulumiCommand
}

// stage opens the stack name in the clone dir, new if there is none yet.
func (b *bench) stage(dir, name string) *stage {
	b.t.Helper()
	cli := pulumiCommand(b.t)
	variable, value, _ := strings.Cut(b.provider.Environment(), "=")
	workspace, err := auto.NewLocalWorkspace(b.t.Context(), auto.WorkDir(dir), auto.Program(stack.DeployFrom(dir)),
		auto.PulumiHome(b.home), auto.Pulumi(unasked{cli}),
		auto.EnvVars(map[string]string{
			variable:                                      value,
			"PULUMI_BACKEND_URL":                          "file://" + b.backend,
			"PULUMI_CONFIG_PASSPHRASE":                    "",
			"PULUMI_SKIP_UPDATE_CHECK":                    "true",
			"PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
		}))
	if err != nil {
		b.t.Fatal(err)
	}
	s, err := auto.UpsertStack(b.t.Context(), name, workspace)
	if err != nil {
		b.t.Fatal(err)
	}
	return &stage{t: b.t, stack: s, workspace: workspace, cli: cli}
}

// run has the stage run another program than the project's from now on.
func (s *stage) run(program pulumi.RunFunc) { s.workspace.SetProgram(program) }

// set changes configuration keys of the stage, each with its namespace, in its file, as `pulumi config set` does.
func (s *stage) set(values map[string]string) {
	s.t.Helper()
	settings, err := s.workspace.StackSettings(s.t.Context(), s.stack.Name())
	if err != nil {
		s.t.Fatal(err)
	}
	for name, value := range values {
		key, err := config.ParseKey(name)
		if err != nil {
			s.t.Fatal(err)
		}
		settings.Config[key] = config.NewValue(value)
	}
	if err := s.workspace.SaveStackSettings(s.t.Context(), s.stack.Name(), settings); err != nil {
		s.t.Fatal(err)
	}
}

// output is a text among the outputs of the stage.
func (s *stage) output(name string) string {
	s.t.Helper()
	text, ok := s.outputs()[name].(string)
	if !ok {
		s.t.Fatalf("the stage has no output %s, or it is no text", name)
	}
	return text
}

// outputs are the outputs of the stage.
func (s *stage) outputs() map[string]any {
	s.t.Helper()
	var environment []string
	for name, value := range s.workspace.GetEnvVars() {
		environment = append(environment, name+"="+value)
	}
	environment = append(environment, "PULUMI_HOME="+s.workspace.PulumiHome())
	stdout, stderr, _, err := s.cli.Run(s.t.Context(), s.workspace.WorkDir(), nil, nil, nil, environment,
		"stack", "output", "--json", "--stack", s.stack.Name())
	if err != nil {
		s.t.Fatalf("stack output: %v\n%s", err, stderr)
	}
	var outputs map[string]any
	if err := json.Unmarshal([]byte(stdout), &outputs); err != nil {
		s.t.Fatalf("stack output: %v", err)
	}
	return outputs
}

// dependencies lists what each resource of the stage needs, by "type name": what it takes properties from, what it was declared to
// depend on, and its parent.
func (s *stage) dependencies() map[string][]string {
	s.t.Helper()
	exported, err := s.stack.Export(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	var deployment apitype.DeploymentV3
	if err := json.Unmarshal(exported.Deployment, &deployment); err != nil {
		s.t.Fatal(err)
	}
	label := func(urn resource.URN) string { return string(urn.Type()) + " " + urn.Name() }
	needs := map[string][]string{}
	for _, r := range deployment.Resources {
		others := r.Dependencies
		for _, urns := range r.PropertyDependencies {
			others = append(others, urns...)
		}
		if r.Parent != "" {
			others = append(others, r.Parent)
		}
		for _, other := range others {
			needs[label(r.URN)] = append(needs[label(r.URN)], label(other))
		}
	}
	return needs
}

// changes are the operations of a run, by "operation type name"; what stays the same is left out.
type changes []string

// step is one operation on one resource.
type step struct {
	operation, typ, name string
	properties           []string // the paths of what an update changes
}

func (s step) String() string { return s.operation + " " + s.typ + " " + s.name }

// collect drains the engine's events and keeps what was changed, and in a preview what would be.
func collect(events <-chan events.EngineEvent, done chan<- []step, previewed bool) {
	var all []step
	for event := range events {
		var meta *apitype.StepEventMetadata
		switch {
		case previewed && event.ResourcePreEvent != nil:
			meta = &event.ResourcePreEvent.Metadata
		case !previewed && event.ResOutputsEvent != nil:
			meta = &event.ResOutputsEvent.Metadata
		}
		if meta == nil || meta.Op == apitype.OpSame || meta.Op == apitype.OpRead || strings.HasPrefix(meta.Type, "pulumi:") {
			continue
		}
		s := step{operation: string(meta.Op), typ: meta.Type, name: meta.URN[strings.LastIndex(meta.URN, "::")+2:]}
		for path := range meta.DetailedDiff {
			s.properties = append(s.properties, path)
		}
		slices.Sort(s.properties)
		all = append(all, s)
	}
	done <- all
}

// observe runs an operation of the engine with a channel for its events.
func observe(previewed bool, operation func(chan<- events.EngineEvent) error) ([]step, error) {
	stream, done := make(chan events.EngineEvent), make(chan []step, 1)
	go collect(stream, done, previewed)
	err := operation(stream)
	return <-done, err
}

func listed(steps []step, err error) (changes, error) {
	var all changes
	for _, s := range steps {
		all = append(all, s.String())
	}
	return all, err
}

func (s *stage) preview() (changes, error) { return listed(s.plan()) }

// plan is a preview in full.
func (s *stage) plan() ([]step, error) {
	return observe(true, func(stream chan<- events.EngineEvent) error {
		_, err := s.stack.Preview(s.t.Context(), optpreview.EventStreams(stream))
		return err
	})
}

func (s *stage) up() (changes, error) { return listed(s.update()) }

// update is up in full.
func (s *stage) update() ([]step, error) {
	return observe(false, func(stream chan<- events.EngineEvent) error {
		_, err := s.stack.Up(s.t.Context(), optup.EventStreams(stream))
		return err
	})
}

func (s *stage) refresh() (changes, error) {
	return listed(observe(false, func(stream chan<- events.EngineEvent) error {
		_, err := s.stack.Refresh(s.t.Context(), optrefresh.EventStreams(stream))
		return err
	}))
}

func (s *stage) destroy(options ...optdestroy.Option) (changes, error) {
	return listed(observe(false, func(stream chan<- events.EngineEvent) error {
		_, err := s.stack.Destroy(s.t.Context(), append(options, optdestroy.EventStreams(stream))...)
		return err
	}))
}
