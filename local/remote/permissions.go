package remote

import (
	"regexp"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"transactional-outbox/local/awsapi"
)

// permission is what a caller must be allowed to do.
type permission struct{ action, resource string }

// permissions lists what an operation of DynamoDB asks for, as AWS does: batches by table, transactions by item.
func (d *DynamoDB) permissions(operation string, request []byte) ([]permission, error) {
	var in struct {
		TableName, ResourceArn string
		RequestItems           map[string]jsontext.Value
		TransactItems          []map[string]struct{ TableName string }
	}
	if err := json.Unmarshal(request, &in); err != nil {
		return nil, awsapi.Errorf("SerializationException", "The request of %s is no valid JSON.", operation)
	}
	switch operation {
	case "ListTables":
		return []permission{{operation, d.endpoint.arns.own + "table/*"}}, nil
	case "BatchGetItem", "BatchWriteItem":
		var all []permission
		for table := range in.RequestItems {
			all = append(all, permission{operation, d.tableARN(table)})
		}
		return all, nil
	case "TransactGetItems", "TransactWriteItems":
		actions := map[string]string{"Get": "GetItem", "Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
		var all []permission
		for _, item := range in.TransactItems {
			for member, target := range item {
				all = append(all, permission{actions[member], d.tableARN(target.TableName)})
			}
		}
		return all, nil
	}
	if in.ResourceArn != "" {
		return []permission{{operation, in.ResourceArn}}, nil
	}
	return []permission{{operation, d.tableARN(in.TableName)}}, nil
}

// streamARN finds the ARN of a stream inside an iterator, where DynamoDB has it too.
var streamARN = regexp.MustCompile(`arn:aws:dynamodb:[a-z0-9-]*:[0-9]*:table/[^/|]+/stream/[^|]+`)

// streamOf is the ARN of the stream that a request to DynamoDB Streams is about.
func (d *DynamoDB) streamOf(request []byte) (string, error) {
	var in struct{ StreamArn, ShardIterator, TableName string }
	if err := json.Unmarshal(request, &in); err != nil {
		return "", awsapi.Errorf("SerializationException", "The request is no valid JSON.")
	}
	switch {
	case in.StreamArn != "":
		return in.StreamArn, nil
	case in.ShardIterator != "":
		found := streamARN.FindString(in.ShardIterator)
		if found == "" {
			return "", awsapi.Errorf("ValidationException", "Invalid ShardIterator")
		}
		return string(d.endpoint.arns.ours([]byte(found))), nil
	}
	return d.endpoint.arns.own + "table/*/stream/*", nil
}
