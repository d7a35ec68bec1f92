package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// GetItem is [dynamodb.Client.GetItem].
func (c *Client) GetItem(ctx context.Context, in *dynamodb.GetItemInput, options ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	w := newWriter()
	w.text("TableName", in.TableName)
	w.item("Key", in.Key)
	w.flag("ConsistentRead", in.ConsistentRead)
	w.text("ProjectionExpression", in.ProjectionExpression)
	w.names("ExpressionAttributeNames", in.ExpressionAttributeNames)
	w.refuse("AttributesToGet", in.AttributesToGet != nil)
	w.refuse("ReturnConsumedCapacity", in.ReturnConsumedCapacity != "")
	body, err := c.call(ctx, "GetItem", w.end(), options)
	if err != nil {
		return nil, err
	}
	out := new(dynamodb.GetItemOutput)
	return out, read("GetItem", body, func(r *reader, name string) bool {
		if name == "Item" {
			out.Item = r.attributes()
			return true
		}
		return false
	})
}

// UpdateItem is [dynamodb.Client.UpdateItem].
func (c *Client) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, options ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	w := newWriter()
	w.text("TableName", in.TableName)
	w.item("Key", in.Key)
	w.text("UpdateExpression", in.UpdateExpression)
	w.text("ConditionExpression", in.ConditionExpression)
	w.names("ExpressionAttributeNames", in.ExpressionAttributeNames)
	w.item("ExpressionAttributeValues", in.ExpressionAttributeValues)
	w.enum("ReturnValues", string(in.ReturnValues))
	w.enum("ReturnValuesOnConditionCheckFailure", string(in.ReturnValuesOnConditionCheckFailure))
	w.refuse("AttributeUpdates", in.AttributeUpdates != nil)
	w.refuse("ConditionalOperator", in.ConditionalOperator != "")
	w.refuse("Expected", in.Expected != nil)
	w.refuse("ReturnConsumedCapacity", in.ReturnConsumedCapacity != "")
	w.refuse("ReturnItemCollectionMetrics", in.ReturnItemCollectionMetrics != "")
	body, err := c.call(ctx, "UpdateItem", w.end(), options)
	if err != nil {
		return nil, err
	}
	out := new(dynamodb.UpdateItemOutput)
	return out, read("UpdateItem", body, func(r *reader, name string) bool {
		if name == "Attributes" {
			out.Attributes = r.attributes()
			return true
		}
		return false
	})
}

// Query is [dynamodb.Client.Query].
func (c *Client) Query(ctx context.Context, in *dynamodb.QueryInput, options ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	w := newWriter()
	w.text("TableName", in.TableName)
	w.text("IndexName", in.IndexName)
	w.text("KeyConditionExpression", in.KeyConditionExpression)
	w.text("FilterExpression", in.FilterExpression)
	w.text("ProjectionExpression", in.ProjectionExpression)
	w.names("ExpressionAttributeNames", in.ExpressionAttributeNames)
	w.item("ExpressionAttributeValues", in.ExpressionAttributeValues)
	w.item("ExclusiveStartKey", in.ExclusiveStartKey)
	w.flag("ConsistentRead", in.ConsistentRead)
	w.flag("ScanIndexForward", in.ScanIndexForward)
	w.number("Limit", in.Limit)
	w.enum("Select", string(in.Select))
	w.refuse("AttributesToGet", in.AttributesToGet != nil)
	w.refuse("ConditionalOperator", in.ConditionalOperator != "")
	w.refuse("KeyConditions", in.KeyConditions != nil)
	w.refuse("QueryFilter", in.QueryFilter != nil)
	w.refuse("ReturnConsumedCapacity", in.ReturnConsumedCapacity != "")
	body, err := c.call(ctx, "Query", w.end(), options)
	if err != nil {
		return nil, err
	}
	out := new(dynamodb.QueryOutput)
	return out, read("Query", body, func(r *reader, name string) bool {
		switch name {
		case "Items":
			r.Array()
			for r.Element() {
				out.Items = append(out.Items, r.attributes())
			}
		case "LastEvaluatedKey":
			out.LastEvaluatedKey = r.attributes()
		case "Count":
			out.Count = int32(r.Int64())
		case "ScannedCount":
			out.ScannedCount = int32(r.Int64())
		default:
			return false
		}
		return true
	})
}

// TransactWriteItems is [dynamodb.Client.TransactWriteItems], of puts and updates. The ClientRequestToken is required: it is what
// makes the client's own repetitions safe.
func (c *Client) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, options ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	w := newWriter()
	w.name("TransactItems")
	w.b = append(w.b, '[')
	for i := range in.TransactItems {
		w.action(&in.TransactItems[i])
	}
	w.b = append(w.b, ']')
	w.text("ClientRequestToken", in.ClientRequestToken)
	w.refuse("TransactWriteItems without ClientRequestToken", in.ClientRequestToken == nil)
	w.refuse("ReturnConsumedCapacity", in.ReturnConsumedCapacity != "")
	w.refuse("ReturnItemCollectionMetrics", in.ReturnItemCollectionMetrics != "")
	body, err := c.call(ctx, "TransactWriteItems", w.end(), options)
	if err != nil {
		return nil, err
	}
	return new(dynamodb.TransactWriteItemsOutput), read("TransactWriteItems", body, func(*reader, string) bool { return false })
}

func (w *writer) action(a *types.TransactWriteItem) {
	w.refuse("ConditionCheck", a.ConditionCheck != nil)
	w.refuse("Delete", a.Delete != nil)
	w.refuse("an action that is not one Put or one Update", (a.Put == nil) == (a.Update == nil))
	w.separate('[')
	switch {
	case a.Put != nil:
		w.b = append(w.b, `{"Put":{`...)
		w.text("TableName", a.Put.TableName)
		w.item("Item", a.Put.Item)
		w.text("ConditionExpression", a.Put.ConditionExpression)
		w.names("ExpressionAttributeNames", a.Put.ExpressionAttributeNames)
		w.item("ExpressionAttributeValues", a.Put.ExpressionAttributeValues)
		w.enum("ReturnValuesOnConditionCheckFailure", string(a.Put.ReturnValuesOnConditionCheckFailure))
	case a.Update != nil:
		w.b = append(w.b, `{"Update":{`...)
		w.text("TableName", a.Update.TableName)
		w.item("Key", a.Update.Key)
		w.text("UpdateExpression", a.Update.UpdateExpression)
		w.text("ConditionExpression", a.Update.ConditionExpression)
		w.names("ExpressionAttributeNames", a.Update.ExpressionAttributeNames)
		w.item("ExpressionAttributeValues", a.Update.ExpressionAttributeValues)
		w.enum("ReturnValuesOnConditionCheckFailure", string(a.Update.ReturnValuesOnConditionCheckFailure))
	}
	w.b = append(w.b, '}', '}')
}
