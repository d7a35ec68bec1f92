// Package provider serves the local cloud as a Pulumi resource provider over gRPC, in place of the plugins of the
// aws and command packages: with it the genuine Pulumi engine previews, updates, refreshes and destroys a stage on
// the desk. The engine is told where to find it by PULUMI_DEBUG_PROVIDERS=aws:PORT,command:PORT.
//
// The resources are the very same as those of package monitor. They live as long as the desk does: a Pulumi state
// that outlives its desk finds nothing, which `pulumi refresh` notices.
package provider

import (
	"context"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"transactional-outbox/local/cloud"
)

// Cloud is what the provider serves; [*cloud.Cloud] is one.
type Cloud interface {
	Check(typ, name string, olds, news resource.PropertyMap, seed []byte) (resource.PropertyMap, error)
	Diff(typ string, olds, news resource.PropertyMap) (cloud.Difference, error)
	Create(ctx context.Context, typ, name string, inputs resource.PropertyMap) (string, resource.PropertyMap, error)
	Update(ctx context.Context, typ, id string, olds, news resource.PropertyMap) (resource.PropertyMap, error)
	Delete(ctx context.Context, typ, id string, state resource.PropertyMap) error
	Exists(ctx context.Context, typ, id string, state resource.PropertyMap) (bool, error)
	Invoke(ctx context.Context, token string, arguments resource.PropertyMap) (resource.PropertyMap, error)
	Region() string
}

// server answers the engine.
type server struct {
	pulumirpc.UnimplementedResourceProviderServer
	cloud Cloud
}

// version is that of the aws provider whose resources the desk mirrors. The engine warns of a provider that is
// older than the SDK the program was built with.
const version = "6.83.2"

// GetPluginInfo answers for both providers; the command provider's versions are lower.
func (s *server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version}, nil
}

// Attach is called by an engine that found the provider through PULUMI_DEBUG_PROVIDERS.
func (s *server) Attach(context.Context, *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Cancel has nothing to do: creating and updating take moments.
func (s *server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// CheckConfig accepts the provider's configuration as it is.
func (s *server) CheckConfig(_ context.Context, in *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: in.GetNews()}, nil
}

// DiffConfig reports any change, so that the engine configures the provider anew; none of them replaces resources.
func (s *server) DiffConfig(_ context.Context, in *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, news, err := unmarshalBoth(in.GetOldInputs(), in.GetNews())
	if err != nil {
		return nil, err
	}
	if olds.DeepEquals(news) {
		return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
	}
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_SOME}, nil
}

// Configure refuses a stage of another region than the desk's, whose ARNs would be wrong.
func (s *server) Configure(_ context.Context, in *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	arguments, err := unmarshal(in.GetArgs())
	if err != nil {
		return nil, err
	}
	if region, ok := arguments["region"]; ok && region.IsString() && region.StringValue() != s.cloud.Region() {
		return nil, fmt.Errorf("this desk is in region %s and the stage in %s: start the desk with -region %[2]s", s.cloud.Region(), region.StringValue())
	}
	return &pulumirpc.ConfigureResponse{SupportsPreview: true}, nil
}

// Check validates inputs and names the resource.
func (s *server) Check(_ context.Context, in *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	olds, news, err := unmarshalBoth(in.GetOlds(), in.GetNews())
	if err != nil {
		return nil, err
	}
	inputs, err := s.cloud.Check(in.GetType(), in.GetName(), olds, news, in.GetRandomSeed())
	if err != nil {
		return &pulumirpc.CheckResponse{Inputs: in.GetNews(), Failures: []*pulumirpc.CheckFailure{{Reason: err.Error()}}}, nil
	}
	marshalled, err := marshal(inputs)
	return &pulumirpc.CheckResponse{Inputs: marshalled}, err
}

// Diff says what changes, and whether that replaces the resource.
func (s *server) Diff(_ context.Context, in *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	olds, news, err := unmarshalBoth(in.GetOldInputs(), in.GetNews())
	if err != nil {
		return nil, err
	}
	difference, err := s.cloud.Diff(in.GetType(), olds, news)
	if err != nil {
		return nil, err
	}
	response := &pulumirpc.DiffResponse{
		Changes: pulumirpc.DiffResponse_DIFF_NONE, Replaces: difference.Replace,
		HasDetailedDiff: true, DetailedDiff: map[string]*pulumirpc.PropertyDiff{},
		DeleteBeforeReplace: difference.DeleteFirst,
	}
	for path, detail := range difference.Detail {
		response.Changes = pulumirpc.DiffResponse_DIFF_SOME
		response.Diffs = append(response.Diffs, path)
		response.DetailedDiff[path] = &pulumirpc.PropertyDiff{Kind: pulumirpc.PropertyDiff_Kind(detail.Kind), InputDiff: detail.InputDiff}
	}
	return response, nil
}

// Create creates a resource; in a preview it only repeats its inputs.
func (s *server) Create(ctx context.Context, in *pulumirpc.CreateRequest) (*pulumirpc.CreateResponse, error) {
	inputs, err := unmarshal(in.GetProperties())
	if err != nil {
		return nil, err
	}
	if in.GetPreview() {
		return &pulumirpc.CreateResponse{Properties: in.GetProperties()}, nil
	}
	id, outputs, err := s.cloud.Create(ctx, in.GetType(), in.GetName(), inputs)
	if err != nil {
		return nil, err
	}
	properties, err := marshal(outputs)
	return &pulumirpc.CreateResponse{Id: id, Properties: properties}, err
}

// Read reports a resource with its last known state as long as it exists, and as gone otherwise.
func (s *server) Read(ctx context.Context, in *pulumirpc.ReadRequest) (*pulumirpc.ReadResponse, error) {
	state, err := unmarshal(in.GetProperties())
	if err != nil {
		return nil, err
	}
	if len(state) == 0 {
		return nil, fmt.Errorf("importing resources is not supported on the desk")
	}
	exists, err := s.cloud.Exists(ctx, in.GetType(), in.GetId(), state)
	if err != nil || !exists {
		return &pulumirpc.ReadResponse{}, err
	}
	return &pulumirpc.ReadResponse{Id: in.GetId(), Properties: in.GetProperties(), Inputs: in.GetInputs()}, nil
}

// Update changes a resource; in a preview it shows the state with the new inputs.
func (s *server) Update(ctx context.Context, in *pulumirpc.UpdateRequest) (*pulumirpc.UpdateResponse, error) {
	olds, news, err := unmarshalBoth(in.GetOlds(), in.GetNews())
	if err != nil {
		return nil, err
	}
	var outputs resource.PropertyMap
	if in.GetPreview() {
		outputs = olds.Copy()
		for key, value := range news {
			outputs[key] = value
		}
	} else if outputs, err = s.cloud.Update(ctx, in.GetType(), in.GetId(), olds, news); err != nil {
		return nil, err
	}
	properties, err := marshal(outputs)
	return &pulumirpc.UpdateResponse{Properties: properties}, err
}

// Delete removes a resource.
func (s *server) Delete(ctx context.Context, in *pulumirpc.DeleteRequest) (*emptypb.Empty, error) {
	state, err := unmarshal(in.GetProperties())
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, s.cloud.Delete(ctx, in.GetType(), in.GetId(), state)
}

// Invoke answers a function.
func (s *server) Invoke(ctx context.Context, in *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	arguments, err := unmarshal(in.GetArgs())
	if err != nil {
		return nil, err
	}
	result, err := s.cloud.Invoke(ctx, in.GetTok(), arguments)
	if err != nil {
		return nil, err
	}
	properties, err := marshal(result)
	return &pulumirpc.InvokeResponse{Return: properties}, err
}

func unmarshalBoth(olds, news *structpb.Struct) (resource.PropertyMap, resource.PropertyMap, error) {
	old, err := unmarshal(olds)
	if err != nil {
		return nil, nil, err
	}
	new, err := unmarshal(news)
	return old, new, err
}

func unmarshal(properties *structpb.Struct) (resource.PropertyMap, error) {
	return plugin.UnmarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true, SkipNulls: true})
}

func marshal(properties resource.PropertyMap) (*structpb.Struct, error) {
	return plugin.MarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true, SkipNulls: true})
}
