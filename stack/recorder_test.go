package stack_test

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"transactional-outbox/stack"
	"transactional-outbox/stack/stage"
)

// root is the folder of Pulumi.yaml.
const root = ".."

// computed are the outputs that AWS adds to the inputs, per type. A type that
// is not listed cannot be declared: the desk would not know it either.
var computed = map[string][]string{
	"aws:apigatewayv2/api:Api":                                             {"apiEndpoint", "executionArn"},
	"aws:apigatewayv2/authorizer:Authorizer":                               nil,
	"aws:apigatewayv2/integration:Integration":                             nil,
	"aws:apigatewayv2/route:Route":                                         nil,
	"aws:apigatewayv2/stage:Stage":                                         nil,
	"aws:cloudwatch/dashboard:Dashboard":                                   nil,
	"aws:cloudwatch/logMetricFilter:LogMetricFilter":                       nil,
	"aws:cloudwatch/metricAlarm:MetricAlarm":                               {"arn", "name"},
	"aws:cloudwatch/logGroup:LogGroup":                                     {"arn", "name"},
	"aws:dynamodb/kinesisStreamingDestination:KinesisStreamingDestination": nil,
	"aws:dynamodb/table:Table":                                             {"arn", "name", "streamArn"},
	"aws:iam/role:Role":                                                    {"arn"},
	"aws:iam/rolePolicy:RolePolicy":                                        nil,
	"aws:kinesis/stream:Stream":                                            {"arn", "name"},
	"aws:lambda/eventSourceMapping:EventSourceMapping":                     {"uuid"},
	"aws:lambda/function:Function":                                         {"arn", "invokeArn", "name"},
	"aws:lambda/permission:Permission":                                     nil,
	"aws:sqs/queue:Queue":                                                  {"arn", "name", "url"},
	"aws:sns/topic:Topic":                                                  {"arn"},
	"aws:sns/topicPolicy:TopicPolicy":                                      nil,
	"aws:sqs/queuePolicy:QueuePolicy":                                      nil,
	stack.ApiType:                                                          nil,
	stack.AuditorType:                                                      nil,
	stack.ConsumerType:                                                     nil,
	stack.FunctionType:                                                     nil,
	stack.ObservabilityType:                                                nil,
	stack.OutboxType:                                                       nil,
}

// registered is one resource as the program declared it.
type registered struct {
	kind, name string
	parent     resource.URN
	protect    bool
	before     []string // the hooks that run before it is created
	after      []string // the names of explicit dependencies
	inputs     resource.PropertyMap
}

// chain is what the resource is told apart by: the types from the outermost
// parent to its own, and the name.
func (r registered) chain() string {
	types := r.kind
	if r.parent.QualifiedType() != resource.RootStackType {
		types = string(r.parent.QualifiedType()) + "$" + r.kind
	}
	return types + "::" + r.name
}

// recorder answers the program's requests and keeps them.
type recorder struct {
	preview bool
	// run executes a command the program runs; nil lets it succeed.
	run func(arguments resource.PropertyMap) error

	mu        sync.Mutex
	resources []registered
	calls     []resource.PropertyMap // the arguments of the commands that were run
}

// NewResource names outputs after where they come from, `${name.output}`, and
// in a preview leaves them unknown, as the provider does.
func (r *recorder) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	outputs, known := computed[args.TypeToken]
	if !known {
		return "", nil, fmt.Errorf("resource type not expected: %s", args.TypeToken)
	}
	rpc := args.RegisterRPC
	implied := map[string]bool{}
	for _, p := range rpc.GetPropertyDependencies() {
		for _, urn := range p.GetUrns() {
			implied[urn] = true
		}
	}
	var after []string
	for _, urn := range rpc.GetDependencies() {
		if !implied[urn] {
			after = append(after, resource.URN(urn).Name())
		}
	}
	slices.Sort(after)

	r.mu.Lock()
	r.resources = append(r.resources, registered{
		kind: args.TypeToken, name: args.Name, parent: resource.URN(rpc.GetParent()),
		protect: rpc.GetProtect(), before: rpc.GetHooks().GetBeforeCreate(), after: after, inputs: args.Inputs,
	})
	r.mu.Unlock()

	state := args.Inputs.Copy()
	if r.preview {
		return "", state, nil
	}
	for _, output := range outputs {
		if args.TypeToken == "aws:sns/topic:Topic" {
			// Its policy takes the ARN apart.
			state["arn"] = resource.NewProperty("arn:aws:sns:eu-west-1:123456789012:made")
		}
		if _, given := state[resource.PropertyKey(output)]; !given {
			state[resource.PropertyKey(output)] = resource.NewProperty(fmt.Sprintf("${%s.%s}", args.Name, output))
		}
	}
	return fmt.Sprintf("${%s.id}", args.Name), state, nil
}

// Call lets commands run and nothing else.
func (r *recorder) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	if args.Token != "command:local:run" {
		return nil, fmt.Errorf("call not expected: %s", args.Token)
	}
	r.mu.Lock()
	r.calls = append(r.calls, args.Args)
	r.mu.Unlock()
	if r.run == nil {
		return resource.PropertyMap{}, nil
	}
	return resource.PropertyMap{}, r.run(args.Args)
}

// sorted returns the resources as a tree in reading order: each below its
// parent, siblings by type and name.
func (r *recorder) sorted() []registered {
	r.mu.Lock()
	defer r.mu.Unlock()
	children := map[string][]registered{}
	for _, res := range r.resources {
		parent := ""
		if res.parent.QualifiedType() != resource.RootStackType {
			parent = string(res.parent.QualifiedType()) + "::" + res.parent.Name()
		}
		children[parent] = append(children[parent], res)
	}
	var tree []registered
	var walk func(parent string)
	walk = func(parent string) {
		siblings := children[parent]
		slices.SortFunc(siblings, func(a, b registered) int {
			return cmp.Or(strings.Compare(a.kind, b.kind), strings.Compare(a.name, b.name))
		})
		for _, s := range siblings {
			tree = append(tree, s)
			walk(s.chain())
		}
	}
	walk("")
	return tree
}

// find returns the resource of a type and name.
func (r *recorder) find(t *testing.T, kind, name string) registered {
	t.Helper()
	for _, res := range r.sorted() {
		if res.kind == kind && res.name == name {
			return res
		}
	}
	t.Fatalf("no %s named %q was declared", kind, name)
	return registered{}
}

// configuration is that of a stage with changes on top.
func configuration(t *testing.T, name string, changes map[string]string) map[string]string {
	t.Helper()
	_, values, err := stage.Load(root, name)
	if err != nil {
		t.Fatal(err)
	}
	for key, value := range changes {
		values["transactional-outbox:"+key] = value
	}
	return values
}

// program runs body as the stage name and returns its error.
func program(r *recorder, name string, values map[string]string, body pulumi.RunFunc) error {
	return pulumi.RunErr(body, pulumi.WithMocks("transactional-outbox", name, r), func(info *pulumi.RunInfo) {
		info.Config = maps.Clone(values)
		info.DryRun = r.preview
		info.RootDirectory = "/program"
	})
}

// deploy updates the stage name, with changes to its configuration, and
// returns what was declared and exported.
func deploy(t *testing.T, name string, changes map[string]string) (*recorder, map[string]any) {
	t.Helper()
	r := &recorder{}
	exported := make(chan map[string]any, 1)
	err := program(r, name, configuration(t, name, changes), func(ctx *pulumi.Context) error {
		if err := stack.Deploy(ctx); err != nil {
			return err
		}
		pulumi.Map(ctx.GetCurrentExportMap()).ToMapOutput().ApplyT(func(values map[string]any) error {
			exported <- values
			return nil
		})
		return nil
	})
	if err != nil {
		t.Fatalf("deploy stage %q: %v", name, err)
	}
	select {
	case values := <-exported:
		return r, values
	case <-time.After(10 * time.Second):
		t.Fatal("an output never became known")
		return nil, nil
	}
}

// preview previews the stage name.
func preview(t *testing.T, name string) *recorder {
	t.Helper()
	r := &recorder{preview: true}
	if err := program(r, name, configuration(t, name, nil), stack.Deploy); err != nil {
		t.Fatalf("preview stage %q: %v", name, err)
	}
	return r
}

// stages are all that have a configuration.
func stages(t *testing.T) []string {
	t.Helper()
	names := stage.List(root)
	if len(names) == 0 {
		absolute, _ := filepath.Abs(root)
		t.Fatalf("no stages in %s", absolute)
	}
	return names
}
