package stack

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// attribute is a key attribute and its DynamoDB type, S or N.
type attribute struct {
	name, kind string
}

// tableArgs describe an on-demand table whose partition key, and sort key if
// a second one is given, are keys; the KMS key keyARN may be empty.
func tableArgs(protect bool, keyARN string, tags pulumi.StringMap, keys ...attribute) *dynamodb.TableArgs {
	args := &dynamodb.TableArgs{
		BillingMode:               pulumi.String("PAY_PER_REQUEST"),
		HashKey:                   pulumi.String(keys[0].name),
		DeletionProtectionEnabled: pulumi.Bool(protect),
		PointInTimeRecovery:       dynamodb.TablePointInTimeRecoveryArgs{Enabled: pulumi.Bool(protect)},
		ServerSideEncryption:      tableEncryption(keyARN),
		Tags:                      tags,
	}
	attributes := make(dynamodb.TableAttributeArray, len(keys))
	for i, k := range keys {
		attributes[i] = dynamodb.TableAttributeArgs{Name: pulumi.String(k.name), Type: pulumi.String(k.kind)}
	}
	args.Attributes = attributes
	if len(keys) > 1 {
		args.RangeKey = pulumi.String(keys[1].name)
	}
	return args
}
