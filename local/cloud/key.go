package cloud

import (
	"strings"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/iam"
)

// keyUse is what a service asks of the key of one of its resources, in the name of whoever calls it.
type keyUse struct {
	actions []string
	// refused is the code of the service's own error for a key that the caller may not use.
	refused string
}

// Each service's developer guide says which: "DynamoDB encryption at rest usage notes"; "Permissions to use user-generated KMS keys" for
// Kinesis; "Amazon SQS Key management". The codes are those of the API references.
var (
	decryptTable    = keyUse{[]string{"kms:Decrypt"}, "AccessDeniedException"}
	decryptRecords  = keyUse{[]string{"kms:Decrypt"}, "KMSAccessDeniedException"}
	encryptRecords  = keyUse{[]string{"kms:GenerateDataKey"}, "KMSAccessDeniedException"}
	encryptMessages = keyUse{[]string{"kms:GenerateDataKey", "kms:Decrypt"}, "KmsAccessDenied"}
	decryptMessages = keyUse{[]string{"kms:Decrypt"}, "KmsAccessDenied"}
)

// keyUses are the calls that touch what is encrypted. Everything else, such as describing a table, takes no key.
var keyUses = map[string]keyUse{
	"dynamodb:GetItem": decryptTable, "dynamodb:BatchGetItem": decryptTable, "dynamodb:Query": decryptTable, "dynamodb:Scan": decryptTable,
	"dynamodb:PutItem": decryptTable, "dynamodb:UpdateItem": decryptTable, "dynamodb:DeleteItem": decryptTable,
	"dynamodb:BatchWriteItem": decryptTable, "dynamodb:ConditionCheckItem": decryptTable, "dynamodb:GetRecords": decryptTable,
	"kinesis:GetRecords": decryptRecords, "kinesis:PutRecord": encryptRecords, "kinesis:PutRecords": encryptRecords,
	"sqs:SendMessage": encryptMessages, "sqs:ReceiveMessage": decryptMessages,
}

// setKey remembers the customer managed key of a resource; an alias of AWS's own keys, which everybody may use, is none.
func (c *Cloud) setKey(resource, keyARN string) {
	if strings.HasPrefix(keyARN, "arn:") {
		c.keyByResource.set(resource, keyARN)
		return
	}
	c.keyByResource.remove(resource)
}

// keyOf is the key of a resource, or of the table that a stream belongs to; "" without one.
func (c *Cloud) keyOf(resource string) string {
	if strings.HasPrefix(resource, "arn:aws:dynamodb:") {
		resource, _, _ = strings.Cut(resource, "/stream/")
	}
	key, _ := c.keyByResource.get(resource)
	return key
}

// authorizer is what a function may do in its role: a call that touches what a key encrypts takes the permission to use the key through
// the service, too. The desk's keys have a policy that leaves everything to IAM.
func (c *Cloud) authorizer(role *iam.Role, function string) awsapi.Authorizer {
	session := role.SessionARN(function)
	may := c.reported(session, role.Authorizer(function))
	return func(action, resource string) error {
		if err := may(action, resource); err != nil {
			return err
		}
		key := c.keyOf(resource)
		if key == "" {
			return nil
		}
		use := keyUses[action]
		for _, needed := range use.actions {
			service, _, _ := strings.Cut(action, ":")
			via := role.AuthorizerFor(function, map[string][]string{"kms:ViaService": {service + "." + c.options.Region + ".amazonaws.com"}})
			if err := c.reported(session, via).Check(needed, key); err != nil {
				return awsapi.Errorf(use.refused, "KMS key access denied error: %v", err)
			}
		}
		return nil
	}
}
