package cloud

import (
	"context"
	"net/http"
	"regexp"

	"github.com/go-json-experiment/json"

	"transactional-outbox/local/awsapi"
)

// describedTables adds to DynamoDB what it knows of streaming destinations, which are not the engine's business.
type describedTables struct {
	awsapi.Service
	cloud *Cloud
}

func (d describedTables) Call(ctx context.Context, auth awsapi.Authorizer, operation string, request []byte) ([]byte, error) {
	if operation != "DescribeKinesisStreamingDestination" {
		return d.Service.Call(ctx, auth, operation, request)
	}
	var in struct{ TableName string }
	if err := json.Unmarshal(request, &in, json.RejectUnknownMembers(true)); err != nil || in.TableName == "" {
		return nil, awsapi.Errorf("ValidationException", "TableName is required, and the only member.")
	}
	if err := auth.Check("dynamodb:DescribeKinesisStreamingDestination", d.cloud.arn("dynamodb", "table/"+in.TableName)); err != nil {
		return nil, err
	}
	if err := d.cloud.call(ctx, serviceDynamoDB, "DescribeTable", properties{"TableName": in.TableName}, nil); err != nil {
		return nil, err
	}
	destinations := []properties{}
	for _, running := range d.cloud.destinationByID.all() {
		if running.table != in.TableName {
			continue
		}
		metrics := running.Metrics()
		destinations = append(destinations, properties{
			"StreamArn": running.stream, "DestinationStatus": string(metrics.Status),
			"DestinationStatusDescription": metrics.StatusDescription, "ApproximateCreationDateTimePrecision": string(metrics.Precision),
		})
	}
	return json.Marshal(properties{"TableName": in.TableName, "KinesisDataStreamDestinations": destinations}, json.Deterministic(true))
}

// credential finds the access key id in a SigV4 header.
var credential = regexp.MustCompile(`Credential=([^/,\s]+)/`)

// mappingPage answers Lambda's GetEventSourceMapping, the one operation of Lambda's own API that operators need.
func (c *Cloud) mappingPage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	key := credential.FindStringSubmatch(r.Header.Get("Authorization"))
	if key == nil {
		refuse(w, http.StatusForbidden, "MissingAuthenticationTokenException", "Missing Authentication Token")
		return
	}
	id := r.PathValue("uuid")
	auth, err := c.accessKeys.principal(key[1])
	if err == nil {
		err = auth.Check("lambda:GetEventSourceMapping", c.arn("lambda", "event-source-mapping:"+id))
	}
	if err != nil {
		refuse(w, http.StatusForbidden, "AccessDeniedException", err.Error())
		return
	}
	in, known := c.mappingInputs.get(id)
	running, ok := c.mappingByID.get(id)
	if !known || !ok {
		refuse(w, http.StatusNotFound, "ResourceNotFoundException", "The resource you requested does not exist.")
		return
	}
	status := running.Status()
	answer := properties{
		"UUID": id, "EventSourceArn": in.EventSourceARN, "FunctionArn": c.arn("lambda", "function:"+functionName(in.FunctionName)),
		"State": string(status.State), "LastProcessingResult": status.LastProcessingResult, "StartingPosition": in.StartingPosition,
		"BatchSize": in.BatchSize, "MaximumBatchingWindowInSeconds": in.MaximumBatchingWindowInSeconds, "ParallelizationFactor": in.ParallelizationFactor,
		"BisectBatchOnFunctionError": in.BisectBatchOnFunctionError, "MaximumRecordAgeInSeconds": in.MaximumRecordAgeInSeconds,
		"FunctionResponseTypes": in.FunctionResponseTypes,
	}
	if in.MaximumRetryAttempts != nil {
		answer["MaximumRetryAttempts"] = *in.MaximumRetryAttempts
	}
	config := in.config()
	if len(config.Filters) > 0 {
		filters := []properties{}
		for _, pattern := range config.Filters {
			filters = append(filters, properties{"Pattern": pattern})
		}
		answer["FilterCriteria"] = properties{"Filters": filters}
	}
	if config.OnFailure != "" {
		answer["DestinationConfig"] = properties{"OnFailure": properties{"Destination": config.OnFailure}}
	}
	// A client that goes away while it is answered is its own concern.
	_ = json.MarshalWrite(w, answer)
}

// refuse answers in the shape of Lambda's REST API.
func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("X-Amzn-Errortype", code)
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, properties{"Type": "User", "Message": message})
}
