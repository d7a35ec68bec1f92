package cloud

import (
	"context"
	"fmt"
)

// tableInput are the supported inputs of aws:dynamodb/table:Table.
type tableInput struct {
	Name                      string            `json:"name"`
	Attributes                []tableAttribute  `json:"attributes"`
	HashKey                   string            `json:"hashKey"`
	RangeKey                  string            `json:"rangeKey"`
	BillingMode               string            `json:"billingMode"`
	TTL                       *tableTTL         `json:"ttl"`
	StreamEnabled             bool              `json:"streamEnabled"`
	StreamViewType            string            `json:"streamViewType"`
	PointInTimeRecovery       *enabled          `json:"pointInTimeRecovery"`
	ServerSideEncryption      *tableEncryption  `json:"serverSideEncryption"`
	DeletionProtectionEnabled bool              `json:"deletionProtectionEnabled"`
	Tags                      map[string]string `json:"tags"`
}

type tableAttribute struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type tableTTL struct {
	AttributeName string `json:"attributeName"`
	Enabled       bool   `json:"enabled"`
}

type enabled struct {
	Enabled bool `json:"enabled"`
}

type tableEncryption struct {
	Enabled   bool   `json:"enabled"`
	KMSKeyARN string `json:"kmsKeyArn"`
}

// tables implements aws:dynamodb/table:Table on the DynamoDB engine.
func (c *Cloud) tables() resourceType {
	return typed[tableInput]{
		facts: traits{
			autoname: "name",
			replace:  []string{"name", "hashKey", "rangeKey"},
		},
		createFunc: c.createTable,
		updateFunc: c.updateTable,
		deleteFunc: func(ctx context.Context, _ string, in tableInput) error {
			return ignoreMissing(c.call(ctx, serviceDynamoDB, "DeleteTable", properties{"TableName": in.Name}, nil))
		},
		existsFunc: func(ctx context.Context, _ string, in tableInput) (bool, error) {
			return present(c.call(ctx, serviceDynamoDB, "DescribeTable", properties{"TableName": in.Name}, nil))
		},
	}
}

func (c *Cloud) createTable(ctx context.Context, in tableInput) (string, properties, error) {
	request := properties{
		"TableName":                 in.Name,
		"BillingMode":               orDefault(in.BillingMode, "PROVISIONED"),
		"DeletionProtectionEnabled": in.DeletionProtectionEnabled,
		"StreamSpecification":       in.streamSpecification(),
	}
	var definitions, schema []properties
	for _, attribute := range in.Attributes {
		definitions = append(definitions, properties{"AttributeName": attribute.Name, "AttributeType": attribute.Type})
	}
	schema = append(schema, properties{"AttributeName": in.HashKey, "KeyType": "HASH"})
	if in.RangeKey != "" {
		schema = append(schema, properties{"AttributeName": in.RangeKey, "KeyType": "RANGE"})
	}
	request["AttributeDefinitions"], request["KeySchema"] = definitions, schema
	if in.ServerSideEncryption != nil {
		request["SSESpecification"] = in.ServerSideEncryption.specification()
	}
	if tags := tagList(in.Tags); len(tags) > 0 {
		request["Tags"] = tags
	}
	if err := c.call(ctx, serviceDynamoDB, "CreateTable", request, nil); err != nil {
		return "", nil, err
	}
	c.setKey(c.arn("dynamodb", "table/"+in.Name), in.key())
	if in.TTL != nil && in.TTL.Enabled {
		if err := c.setTTL(ctx, in.Name, *in.TTL); err != nil {
			return "", nil, err
		}
		feed, err := c.dynamodb.Feed(in.Name)
		if err != nil {
			return "", nil, err
		}
		c.options.Faults.Expire(feed, func(keys []byte) (bool, error) { return c.dynamodb.Expire(in.Name, keys) })
	}
	if in.PointInTimeRecovery != nil && in.PointInTimeRecovery.Enabled {
		if err := c.setPointInTimeRecovery(ctx, in.Name, true); err != nil {
			return "", nil, err
		}
	}
	computed, err := c.tableOutputs(ctx, in.Name)
	return in.Name, computed, err
}

func (c *Cloud) updateTable(ctx context.Context, _ string, old, in tableInput) (properties, error) {
	request := properties{"TableName": in.Name}
	if in.DeletionProtectionEnabled != old.DeletionProtectionEnabled {
		request["DeletionProtectionEnabled"] = in.DeletionProtectionEnabled
	}
	if in.BillingMode != old.BillingMode {
		request["BillingMode"] = orDefault(in.BillingMode, "PROVISIONED")
	}
	if in.StreamEnabled != old.StreamEnabled {
		request["StreamSpecification"] = in.streamSpecification()
	} else if in.StreamEnabled && in.StreamViewType != old.StreamViewType {
		return nil, fmt.Errorf("streamViewType cannot change while the stream is enabled: disable the stream first")
	}
	if encryption := in.encryption(); encryption != old.encryption() {
		request["SSESpecification"] = encryption.specification()
	}
	if len(request) > 1 {
		if err := c.call(ctx, serviceDynamoDB, "UpdateTable", request, nil); err != nil {
			return nil, err
		}
	}
	c.setKey(c.arn("dynamodb", "table/"+in.Name), in.key())
	if in.TTL != nil && (old.TTL == nil || *in.TTL != *old.TTL) {
		if err := c.setTTL(ctx, in.Name, *in.TTL); err != nil {
			return nil, err
		}
	}
	if in.recovers() != old.recovers() {
		if err := c.setPointInTimeRecovery(ctx, in.Name, in.recovers()); err != nil {
			return nil, err
		}
	}
	return c.tableOutputs(ctx, in.Name)
}

// key is the customer managed key, or "".
func (in tableInput) key() string {
	if encryption := in.encryption(); encryption.Enabled {
		return encryption.KMSKeyARN
	}
	return ""
}

func (in tableInput) recovers() bool {
	return in.PointInTimeRecovery != nil && in.PointInTimeRecovery.Enabled
}

func (in tableInput) streamSpecification() properties {
	if !in.StreamEnabled {
		return properties{"StreamEnabled": false}
	}
	return properties{"StreamEnabled": true, "StreamViewType": in.StreamViewType}
}

// encryption is what the table asks for; nothing is DynamoDB's own key.
func (in tableInput) encryption() tableEncryption {
	if in.ServerSideEncryption == nil {
		return tableEncryption{}
	}
	return *in.ServerSideEncryption
}

func (e tableEncryption) specification() properties {
	specification := properties{"Enabled": e.Enabled}
	if e.KMSKeyARN != "" {
		specification["SSEType"], specification["KMSMasterKeyId"] = "KMS", e.KMSKeyARN
	}
	return specification
}

func (c *Cloud) setTTL(ctx context.Context, table string, ttl tableTTL) error {
	return c.call(ctx, serviceDynamoDB, "UpdateTimeToLive", properties{
		"TableName":               table,
		"TimeToLiveSpecification": properties{"AttributeName": ttl.AttributeName, "Enabled": ttl.Enabled},
	}, nil)
}

func (c *Cloud) setPointInTimeRecovery(ctx context.Context, table string, on bool) error {
	return c.call(ctx, serviceDynamoDB, "UpdateContinuousBackups", properties{
		"TableName":                        table,
		"PointInTimeRecoverySpecification": properties{"PointInTimeRecoveryEnabled": on},
	}, nil)
}

// tableOutputs are the outputs of a table that are not inputs.
func (c *Cloud) tableOutputs(ctx context.Context, name string) (properties, error) {
	var described struct {
		Table struct {
			TableArn          string `json:"TableArn"`
			LatestStreamArn   string `json:"LatestStreamArn"`
			LatestStreamLabel string `json:"LatestStreamLabel"`
		}
	}
	if err := c.call(ctx, serviceDynamoDB, "DescribeTable", properties{"TableName": name}, &described); err != nil {
		return nil, err
	}
	return properties{
		"arn":         described.Table.TableArn,
		"streamArn":   described.Table.LatestStreamArn,
		"streamLabel": described.Table.LatestStreamLabel,
	}, nil
}
