package cloud

import (
	"context"
	"fmt"
	"strings"
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/lambda"
)

// functionInput are the supported inputs of aws:lambda/function:Function.
type functionInput struct {
	Name                         string            `json:"name"`
	Description                  string            `json:"description"`
	Role                         string            `json:"role"`
	Runtime                      string            `json:"runtime"`
	Handler                      string            `json:"handler"`
	Architectures                []string          `json:"architectures"`
	Code                         archive           `json:"code"`
	PackageType                  string            `json:"packageType"`
	MemorySize                   float64           `json:"memorySize"`
	Timeout                      float64           `json:"timeout"`
	ReservedConcurrentExecutions *float64          `json:"reservedConcurrentExecutions"`
	Environment                  *environment      `json:"environment"`
	LoggingConfig                *loggingConfig    `json:"loggingConfig"`
	TracingConfig                *tracingConfig    `json:"tracingConfig"`
	Publish                      bool              `json:"publish"`
	SkipDestroy                  bool              `json:"skipDestroy"`
	Tags                         map[string]string `json:"tags"`
}

type archive struct {
	Path string `json:"path"`
	Hash string `json:"hash"`
}

type environment struct {
	Variables map[string]string `json:"variables"`
}

type loggingConfig struct {
	LogFormat           string `json:"logFormat"`
	ApplicationLogLevel string `json:"applicationLogLevel"`
	SystemLogLevel      string `json:"systemLogLevel"`
	LogGroup            string `json:"logGroup"`
}

type tracingConfig struct {
	Mode string `json:"mode"`
}

// functions implements aws:lambda/function:Function: the real binary, run on this machine.
func (c *Cloud) functions() resourceType {
	return typed[functionInput]{
		facts: traits{autoname: "name", replace: []string{"name", "packageType"}},
		createFunc: func(_ context.Context, in functionInput) (string, properties, error) {
			function, outputs, err := c.function(in)
			if err != nil {
				return "", nil, err
			}
			return in.Name, outputs, c.lambda.Create(function)
		},
		updateFunc: func(_ context.Context, _ string, _, in functionInput) (properties, error) {
			function, outputs, err := c.function(in)
			if err != nil {
				return nil, err
			}
			return outputs, c.lambda.Update(function)
		},
		deleteFunc: func(_ context.Context, name string, _ functionInput) error {
			c.accessKeys.removeOwner(name)
			c.functionRole.remove(name)
			return ignoreMissing(c.lambda.Delete(name))
		},
		existsFunc: func(_ context.Context, name string, _ functionInput) (bool, error) {
			_, err := c.lambda.Function(name)
			return present(err)
		},
	}
}

// function translates the inputs of the Pulumi resource into what the Lambda service runs.
func (c *Cloud) function(in functionInput) (lambda.Function, properties, error) {
	var none lambda.Function
	if in.Runtime != "provided.al2023" && in.Runtime != "provided.al2" {
		return none, nil, fmt.Errorf("runtime %q is not supported on the desk; supported are provided.al2023 and provided.al2", in.Runtime)
	}
	if in.PackageType != "" && in.PackageType != "Zip" {
		return none, nil, fmt.Errorf("packageType %q is not supported on the desk; supported is Zip", in.PackageType)
	}
	if in.Publish {
		return none, nil, fmt.Errorf("publish is not supported on the desk: there is only $LATEST")
	}
	role, err := c.role(in.Role)
	if err != nil {
		return none, nil, err
	}
	if err := role.AssumableBy("lambda.amazonaws.com"); err != nil {
		// The text of CreateFunction in the Lambda API reference.
		return none, nil, awsapi.Errorf("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.")
	}
	code, err := c.unpack(in.Name, in.Code.Path)
	if err != nil {
		return none, nil, err
	}

	logging := lambda.Logging{Group: "/aws/lambda/" + in.Name}
	if config := in.LoggingConfig; config != nil {
		logging.Format = config.LogFormat
		logging.ApplicationLevel, logging.SystemLevel = config.ApplicationLogLevel, config.SystemLogLevel
		logging.Group = orDefault(config.LogGroup, logging.Group)
	}
	c.functionRole.set(in.Name, in.Role)
	authorizer := c.authorizer(role, in.Name)
	if in.TracingConfig != nil && in.TracingConfig.Mode == "Active" && authorizer.Check("xray:PutTraceSegments", "*") != nil {
		// CreateFunction refuses a role whose traces would get lost.
		return none, nil, awsapi.Errorf("InvalidParameterValueException", "The provided execution role does not have permissions to call PutTraceSegments on XRAY")
	}
	function := lambda.Function{
		Name:        in.Name,
		ARN:         c.arn("lambda", "function:"+in.Name),
		Executable:  code.executable,
		Handler:     orDefault(in.Handler, lambda.DefaultHandler),
		Environment: map[string]string{"AWS_ENDPOINT_URL": c.options.Endpoint},
		Credentials: c.accessKeys.issue(in.Name, c.options.Account, role.SessionARN(in.Name), authorizer),
		Timeout:     time.Duration(in.Timeout) * time.Second,
		MemoryMB:    int(in.MemorySize),
		Concurrency: c.options.Concurrency,
		Logging:     logging,
		Log:         c.functionLog(in.Name, logging.Group, authorizer),
	}
	if in.Environment != nil {
		for name, value := range in.Environment.Variables {
			function.Environment[name] = value
		}
	}
	// The provider's default of -1 means no reservation.
	if reserved := in.ReservedConcurrentExecutions; reserved != nil && *reserved >= 0 {
		limit := int(*reserved)
		function.ReservedConcurrency = &limit
	}
	return function, properties{
		"arn":          function.ARN,
		"qualifiedArn": function.ARN + ":$LATEST",
		"invokeArn":    c.invokeARN(function.ARN),
		"version":      "$LATEST",
		"codeSha256":   code.sha256,
	}, nil
}

// invokeARN is what API Gateway calls a function by.
func (c *Cloud) invokeARN(functionARN string) string {
	return fmt.Sprintf("arn:aws:apigateway:%s:lambda:path/2015-03-31/functions/%s/invocations", c.options.Region, functionARN)
}

// permissionInput are the supported inputs of aws:lambda/permission:Permission.
type permissionInput struct {
	StatementID   string `json:"statementId"`
	Action        string `json:"action"`
	Function      string `json:"function"`
	Principal     string `json:"principal"`
	SourceARN     string `json:"sourceArn"`
	SourceAccount string `json:"sourceAccount"`
}

// permissions implements aws:lambda/permission:Permission, of which every property replaces.
func (c *Cloud) permissions() resourceType {
	return typed[permissionInput]{
		facts: traits{autoname: "statementId", replace: []string{"statementId", "action", "function", "principal", "sourceArn", "sourceAccount"}},
		createFunc: func(_ context.Context, in permissionInput) (string, properties, error) {
			return in.StatementID, nil, c.lambda.AddPermission(functionName(in.Function), lambda.Permission{
				StatementID: in.StatementID, Action: in.Action, Principal: in.Principal,
				SourceARN: in.SourceARN, SourceAccount: in.SourceAccount,
			})
		},
		deleteFunc: func(_ context.Context, _ string, in permissionInput) error {
			return ignoreMissing(c.lambda.RemovePermission(functionName(in.Function), in.StatementID))
		},
		existsFunc: func(_ context.Context, _ string, in permissionInput) (bool, error) {
			_, err := c.lambda.Function(functionName(in.Function))
			return present(err)
		},
	}
}

// functionName takes the name out of a function's ARN, or returns the name as it is.
func functionName(nameOrARN string) string {
	return nameOrARN[strings.LastIndex(nameOrARN, ":")+1:]
}
