package stack

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// FunctionType is the type token of Function.
const FunctionType = "transactional-outbox:stack:Function"

// oneCPU is the memory, in MB, at which Lambda gives a function one whole
// vCPU (AWS Lambda Developer Guide, "Configure Lambda function memory").
const oneCPU = 1769

// FunctionArgs says what a function is made of.
type FunctionArgs struct {
	// Description is a sentence for the console. Optional.
	Description pulumi.StringPtrInput
	// Code is a zip with an executable `bootstrap`. Required; see BuildHandlers.
	Code pulumi.ArchiveInput
	// Architecture is `arm64` or `x86_64` and must fit Code. Required.
	Architecture pulumi.StringInput
	// MemoryMB also decides the CPU share. Required.
	MemoryMB pulumi.IntInput
	// TimeoutSeconds ends an invocation. Required.
	TimeoutSeconds pulumi.IntInput
	// LogLevel is the least level that is kept of the handler's log. Required.
	LogLevel pulumi.StringInput
	// LogRetentionDays is one of CloudWatch's retention periods. Required.
	LogRetentionDays pulumi.IntInput
	// ReservedConcurrency is set aside for the function and is also its limit.
	// Optional: without it, or with -1, it shares the account's.
	ReservedConcurrency pulumi.IntPtrInput
	// Tracing samples invocations with X-Ray. Optional.
	Tracing bool
	// Environment are the handler's variables. Optional.
	Environment pulumi.StringMap
	// KMSKeyARN is a customer managed key for the log, and of the tables,
	// streams and queues that Statements are about: what calling them takes of
	// the key is added. Optional: keys of AWS otherwise.
	KMSKeyARN string
	// Statements are what the handler may do beside logging. Optional.
	Statements []Statement
	// Tags are put on everything taggable, with `component` added. Optional.
	Tags pulumi.StringMap
}

// Function is a Lambda function in Go with a role and a log group of its own.
type Function struct {
	pulumi.ResourceState

	// Lambda is the function itself.
	Lambda *lambda.Function
}

// NewFunction declares a function. Its role may write to its own log group
// and do what args.Statements say.
func NewFunction(
	ctx *pulumi.Context, name string, args *FunctionArgs, opts ...pulumi.ResourceOption,
) (*Function, error) {
	if args == nil {
		args = &FunctionArgs{}
	}
	if err := require("Function", name,
		argument{"Code", args.Code != nil},
		argument{"Architecture", args.Architecture != nil},
		argument{"MemoryMB", args.MemoryMB != nil},
		argument{"TimeoutSeconds", args.TimeoutSeconds != nil},
		argument{"LogLevel", args.LogLevel != nil},
		argument{"LogRetentionDays", args.LogRetentionDays != nil},
	); err != nil {
		return nil, err
	}

	f := &Function{}
	if err := ctx.RegisterComponentResourceV2(FunctionType, name, pulumi.Map{
		"architecture":        args.Architecture,
		"memoryMb":            args.MemoryMB,
		"timeoutSeconds":      args.TimeoutSeconds,
		"logLevel":            args.LogLevel,
		"logRetentionDays":    args.LogRetentionDays,
		"reservedConcurrency": args.ReservedConcurrency,
		"tracing":             pulumi.Bool(args.Tracing),
		"kmsKeyArn":           optionalKey(args.KMSKeyARN),
	}, f, opts...); err != nil {
		return nil, err
	}
	parent := pulumi.Parent(f)
	tags := tagged(args.Tags, name)

	logs, err := cloudwatch.NewLogGroup(ctx, name+"-logs", &cloudwatch.LogGroupArgs{
		RetentionInDays: args.LogRetentionDays,
		KmsKeyId:        optionalKey(args.KMSKeyARN),
		Tags:            tags,
	}, parent)
	if err != nil {
		return nil, err
	}
	trust, err := lambdaTrust()
	if err != nil {
		return nil, err
	}
	role, err := iam.NewRole(ctx, name+"-role", &iam.RoleArgs{
		AssumeRolePolicy: pulumi.String(trust),
		Tags:             tags,
	}, parent)
	if err != nil {
		return nil, err
	}
	policy, err := iam.NewRolePolicy(ctx, name+"-policy", &iam.RolePolicyArgs{
		Role:   role.ID(),
		Policy: allowPolicy(functionStatements(args, logs)),
	}, parent)
	if err != nil {
		return nil, err
	}

	f.Lambda, err = lambda.NewFunction(ctx, name+"-function", &lambda.FunctionArgs{
		Description:                  args.Description,
		Runtime:                      pulumi.String("provided.al2023"),
		Handler:                      pulumi.String("bootstrap"),
		Code:                         args.Code,
		Architectures:                pulumi.StringArray{args.Architecture},
		Role:                         role.Arn,
		MemorySize:                   args.MemoryMB.ToIntOutput().ToIntPtrOutput(),
		Timeout:                      args.TimeoutSeconds.ToIntOutput().ToIntPtrOutput(),
		ReservedConcurrentExecutions: args.ReservedConcurrency,
		Environment:                  lambda.FunctionEnvironmentArgs{Variables: functionEnvironment(args)},
		LoggingConfig: lambda.FunctionLoggingConfigArgs{
			LogFormat:           pulumi.String("JSON"),
			ApplicationLogLevel: args.LogLevel.ToStringOutput().ToStringPtrOutput(),
			SystemLogLevel:      pulumi.String("INFO"),
			LogGroup:            logs.Name.ToStringPtrOutput(),
		},
		TracingConfig: lambda.FunctionTracingConfigArgs{Mode: tracingMode(args.Tracing)},
		Tags:          tags,
		// The policy first: whoever can invoke the function, or read a stream
		// for it, finds a role that is complete.
	}, parent, pulumi.DependsOn([]pulumi.Resource{policy}))
	if err != nil {
		return nil, err
	}
	if err := ctx.RegisterResourceOutputs(f, pulumi.Map{
		"functionName": f.Lambda.Name,
		"functionArn":  f.Lambda.Arn,
		"logGroupName": logs.Name,
	}); err != nil {
		return nil, err
	}
	return f, nil
}

// functionStatements are the handler's statements and what every function
// does on its own behalf.
func functionStatements(args *FunctionArgs, logs *cloudwatch.LogGroup) []Statement {
	statements := slices.Concat(args.Statements, keyStatements(args.KMSKeyARN, args.Statements))
	statements = append(statements, Statement{
		Sid:     "WriteLogs",
		Actions: []string{"logs:CreateLogStream", "logs:PutLogEvents"},
		// The streams of a group are addressed by its ARN with `:*` appended.
		Resources: pulumi.StringArray{pulumi.Sprintf("%s:*", logs.Arn)},
	})
	if args.Tracing {
		statements = append(statements, Statement{
			Sid:     "SendTraces",
			Actions: []string{"xray:PutTraceSegments", "xray:PutTelemetryRecords"},
			// X-Ray knows no resources for these actions: AWS takes only `*`.
			Resources: pulumi.StringArray{pulumi.String("*")},
		})
	}
	return statements
}

// functionEnvironment is the handler's environment. Below one vCPU more than
// one running thread only makes the scheduler take the share away mid-request.
func functionEnvironment(args *FunctionArgs) pulumi.StringMapOutput {
	variables := maps.Clone(args.Environment)
	if variables == nil {
		variables = pulumi.StringMap{}
	}
	return pulumi.All(variables, args.MemoryMB).ApplyT(func(v []any) map[string]string {
		environment := maps.Clone(v[0].(map[string]string))
		if v[1].(int) < oneCPU {
			environment["GOMAXPROCS"] = "1"
		}
		return environment
	}).(pulumi.StringMapOutput)
}

func tracingMode(on bool) pulumi.String {
	if on {
		return pulumi.String("Active")
	}
	return pulumi.String("PassThrough")
}
