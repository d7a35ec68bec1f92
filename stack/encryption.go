package stack

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func encryptionKeys() []key {
	return []key{
		text("kmsKeyArn", "the ARN of a KMS key, or empty", kmsKeyARN,
			"Customer managed key that encrypts tables, stream, dead letters and logs. Without it, keys of AWS do. "+
				"docs/stages.md has the policy that the key needs first.",
			func(c *Config, v string) { c.KMSKeyARN = v }),
	}
}

func encryptionRules() []configRule {
	return []configRule{{
		// Each service asks for a key of its own region.
		keys: []string{"kmsKeyArn"},
		broken: func(c *Config) string {
			if c.KMSKeyARN == "" || c.Region == "" || keyRegion(c.KMSKeyARN) == c.Region {
				return ""
			}
			return fmt.Sprintf("kmsKeyArn: %s is in another region: it must be in aws:region (%s)", c.KMSKeyARN, c.Region)
		},
	}}
}

var keyPattern = regexp.MustCompile(`^arn:aws(-us-gov)?:kms:[a-z0-9-]+:\d{12}:key/(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`)

// kmsKeyARN takes a key's own ARN and no alias: a policy cannot name a key by
// its alias (AWS KMS Developer Guide, "Specifying KMS keys in IAM policy
// statements", https://docs.aws.amazon.com/kms/latest/developerguide/cmks-in-iam-policies.html).
func kmsKeyARN(value string) error {
	if keyPattern.MatchString(value) {
		return nil
	}
	const example = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
	if strings.Contains(value, "alias/") {
		return fmt.Errorf("it must be the key's own ARN, like %s, because policies cannot name a key by its alias", example)
	}
	return fmt.Errorf("it must be an ARN like %s", example)
}

// keyRegion is the region of a key: arn:PARTITION:kms:REGION:ACCOUNT:key/ID.
func keyRegion(arn string) string {
	part := strings.Split(arn, ":")
	if len(part) != 6 {
		return ""
	}
	return part[3]
}

// keyUse is what a service asks of a customer managed key in the name of
// whoever calls it.
type keyUse struct {
	sid     string
	service string   // as in kms:ViaService
	calls   []string // the calls that make it ask
	actions []string // what it asks for
}

// keyUses are what the functions' own calls, and those of their mappings,
// take. The streaming destination writes to the stream in a role of DynamoDB,
// whose policy already allows kms:GenerateDataKey through Kinesis:
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/DynamoDBKinesisReplicationServiceRolePolicy.html
func keyUses() []keyUse {
	return []keyUse{
		{
			// Reads and writes alike, and reading a table's own stream, take the
			// table's data key, which DynamoDB has KMS decrypt for the caller:
			// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
			sid: "DecryptTables", service: "dynamodb",
			calls: []string{
				"dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:ConditionCheckItem", "dynamodb:DeleteItem",
				"dynamodb:GetItem", "dynamodb:GetRecords", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem",
			},
			actions: []string{"kms:Decrypt"},
		},
		{
			// https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html
			// names the role of a Lambda function among the consumers.
			sid: "DecryptStream", service: "kinesis",
			calls:   []string{"kinesis:GetRecords"},
			actions: []string{"kms:Decrypt"},
		},
		{
			// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
			// for whoever sends to a queue. That a mapping does so in the role of
			// its function is documented for MSK
			// (https://docs.aws.amazon.com/lambda/latest/dg/with-msk-on-failure.html)
			// and an assumption for Kinesis and DynamoDB, which the acceptance
			// suite settles on a stage with a key.
			sid: "EncryptDeadLetters", service: "sqs",
			calls:   []string{"sqs:SendMessage"},
			actions: []string{"kms:GenerateDataKey", "kms:Decrypt"},
		},
	}
}

// keyStatements allow what the calls in statements take of the key, through
// the services that are called and not otherwise.
func keyStatements(keyARN string, statements []Statement) []Statement {
	if keyARN == "" {
		return nil
	}
	var needed []Statement
	for _, use := range keyUses() {
		if !slices.ContainsFunc(statements, use.isMadeBy) {
			continue
		}
		needed = append(needed, Statement{
			Sid:       use.sid,
			Actions:   use.actions,
			Resources: pulumi.StringArray{pulumi.String(keyARN)},
			Condition: map[string]map[string]string{
				"StringEquals": {"kms:ViaService": use.service + "." + keyRegion(keyARN) + ".amazonaws.com"},
			},
		})
	}
	return needed
}

func (u keyUse) isMadeBy(s Statement) bool {
	return slices.ContainsFunc(s.Actions, func(action string) bool { return slices.Contains(u.calls, action) })
}

// tableEncryption is nil, and so DynamoDB's own key, without a key.
func tableEncryption(keyARN string) dynamodb.TableServerSideEncryptionPtrInput {
	if keyARN == "" {
		return nil
	}
	return dynamodb.TableServerSideEncryptionArgs{Enabled: pulumi.Bool(true), KmsKeyArn: pulumi.String(keyARN)}
}

// streamKey is the key of a stream: Kinesis's own without one.
func streamKey(keyARN string) pulumi.String {
	if keyARN == "" {
		return "alias/aws/kinesis"
	}
	return pulumi.String(keyARN)
}

// optionalKey is absent without a key.
func optionalKey(keyARN string) pulumi.StringPtrInput {
	if keyARN == "" {
		return nil
	}
	return pulumi.String(keyARN)
}
