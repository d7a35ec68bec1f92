package dynamodb

import (
	"slices"
	"strings"
	"time"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/dynamodb/attribute"
)

const (
	billingProvisioned = "PROVISIONED"
	billingOnDemand    = "PAY_PER_REQUEST"
	maxCapacity        = 1000000000000
)

type createTableRequest struct {
	TableName                 string
	AttributeDefinitions      []attributeDefinition
	KeySchema                 []keySchemaElement
	BillingMode               string
	ProvisionedThroughput     *throughput
	StreamSpecification       *streamSpecification
	SSESpecification          *sseSpecification
	Tags                      []tag
	DeletionProtectionEnabled bool
	TableClass                string

	// Known and refused: see checkUnsupported.
	LocalSecondaryIndexes  []any
	GlobalSecondaryIndexes []any
}

type attributeDefinition struct{ AttributeName, AttributeType string }

type keySchemaElement struct{ AttributeName, KeyType string }

type throughput struct{ ReadCapacityUnits, WriteCapacityUnits int64 }

type streamSpecification struct {
	StreamEnabled  bool
	StreamViewType string `json:",omitempty"`
}

type sseSpecification struct {
	Enabled                 *bool
	SSEType, KMSMasterKeyId string
}

type tag struct{ Key, Value string }

func (r *createTableRequest) check() error {
	var c constraints
	if r.TableName == "" {
		return validation("The parameter 'TableName' is required but was not present in the request")
	}
	c.tableName(r.TableName)
	name := tableNameOf(r.TableName)
	c.text(&name, "tableName", 3, 255)
	c.required(r.AttributeDefinitions != nil, "attributeDefinitions")
	c.required(r.KeySchema != nil, "keySchema")
	if r.KeySchema != nil {
		c.length(len(r.KeySchema), "keySchema", 1, 2)
	}
	for i, element := range r.KeySchema {
		c.oneOf(element.KeyType, "keySchema."+itoa(i+1)+".member.keyType", "HASH", "RANGE")
	}
	for i, definition := range r.AttributeDefinitions {
		c.oneOf(definition.AttributeType, "attributeDefinitions."+itoa(i+1)+".member.attributeType", "B", "N", "S")
	}
	checkModes(&c, r.BillingMode, r.TableClass, r.StreamSpecification, r.SSESpecification)
	if err := c.err(); err != nil {
		return err
	}
	if len(r.LocalSecondaryIndexes) > 0 {
		return validation("LocalSecondaryIndexes are not supported by the desk's DynamoDB")
	}
	if len(r.GlobalSecondaryIndexes) > 0 {
		return validation("GlobalSecondaryIndexes are not supported by the desk's DynamoDB")
	}
	if err := r.checkBilling(); err != nil {
		return err
	}
	if err := checkStream(r.StreamSpecification); err != nil {
		return err
	}
	return r.checkSchema()
}

// checkModes checks the members that creating and updating a table share.
func checkModes(c *constraints, billing, class string, stream *streamSpecification, sse *sseSpecification) {
	c.oneOf(billing, "billingMode", billingProvisioned, billingOnDemand)
	c.oneOf(class, "tableClass", "STANDARD", "STANDARD_INFREQUENT_ACCESS")
	if stream != nil {
		c.oneOf(stream.StreamViewType, "streamSpecification.streamViewType", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES", "KEYS_ONLY")
	}
	if sse != nil {
		c.oneOf(sse.SSEType, "sSESpecification.sSEType", "AES256", "KMS")
	}
}

func checkStream(s *streamSpecification) error {
	switch {
	case s == nil:
		return nil
	case s.StreamEnabled && s.StreamViewType == "":
		return validation(textParameterInvalid + "StreamViewType must be specified when StreamEnabled is true")
	case !s.StreamEnabled && s.StreamViewType != "":
		return validation(textParameterInvalid + "StreamViewType cannot be specified when StreamEnabled is false")
	}
	return nil
}

func (r *createTableRequest) checkBilling() error {
	p := r.ProvisionedThroughput
	if r.BillingMode == billingOnDemand {
		if p != nil {
			return validation(textParameterInvalid + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
		}
		return nil
	}
	if p == nil || p.ReadCapacityUnits == 0 || p.WriteCapacityUnits == 0 {
		return validation(textParameterInvalid + "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
	}
	return p.check()
}

func (p *throughput) check() error {
	if p.ReadCapacityUnits > maxCapacity {
		return validation("Given value %d for ReadCapacityUnits is out of bounds", p.ReadCapacityUnits)
	}
	if p.WriteCapacityUnits > maxCapacity {
		return validation("Given value %d for WriteCapacityUnits is out of bounds", p.WriteCapacityUnits)
	}
	return nil
}

func (r *createTableRequest) checkSchema() error {
	var keys, defined []string
	for _, element := range r.KeySchema {
		keys = append(keys, element.AttributeName)
	}
	for _, definition := range r.AttributeDefinitions {
		defined = append(defined, definition.AttributeName)
	}
	if len(keys) > len(defined) {
		return validation("Invalid KeySchema: Some index key attribute have no definition")
	}
	for _, key := range keys {
		if !slices.Contains(defined, key) {
			return validation(textParameterInvalid+"Some index key attributes are not defined in AttributeDefinitions. Keys: [%s], AttributeDefinitions: [%s]",
				strings.Join(keys, ", "), strings.Join(defined, ", "))
		}
	}
	switch {
	case len(keys) == 2 && keys[0] == keys[1]:
		return validation("Both the Hash Key and the Range Key element in the KeySchema have the same name")
	case r.KeySchema[0].KeyType != "HASH":
		return validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
	case len(keys) == 2 && r.KeySchema[1].KeyType != "RANGE":
		return validation("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
	case len(keys) != len(defined):
		return validation(textParameterInvalid + "Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions")
	}
	return nil
}

func (r *createTableRequest) schema() schema {
	var out schema
	for i, element := range r.KeySchema {
		for _, definition := range r.AttributeDefinitions {
			if definition.AttributeName != element.AttributeName {
				continue
			}
			key := keyAttribute{element.AttributeName, attribute.KindNamed(definition.AttributeType)}
			if i == 0 {
				out.hash = key
			} else {
				out.sort = key
			}
		}
	}
	return out
}

func (e *Engine) createTable(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r createTableRequest
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	name := tableNameOf(r.TableName)
	if _, err := e.open(auth, "CreateTable", name); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.tables[name] != nil {
		return nil, awsapi.Errorf(codeInUse, "Table already exists: %s", name)
	}
	t := e.newTable(name, r.schema())
	t.settings = settings{
		billing:           r.BillingMode,
		deletionProtected: r.DeletionProtectionEnabled,
		class:             r.TableClass,
		tags:              map[string]string{},
	}
	t.settings.setThroughput(r.BillingMode, r.ProvisionedThroughput, time.Time{})
	if r.BillingMode == billingOnDemand {
		t.settings.billingChanged = t.created
	}
	t.settings.setEncryption(e, r.SSESpecification)
	for _, tag := range r.Tags {
		t.settings.tags[tag.Key] = tag.Value
	}
	if r.StreamSpecification != nil && r.StreamSpecification.StreamEnabled {
		t.log.enable(e, r.StreamSpecification.StreamViewType)
	}
	e.tables[name] = t
	return encode(map[string]any{"TableDescription": t.description("CREATING")})
}

// setThroughput sets the billing mode, empty for no change, and the capacity.
func (s *settings) setThroughput(billing string, p *throughput, now time.Time) {
	if billing != "" && billing != s.billing {
		s.billing, s.billingChanged = billing, now
	}
	switch {
	case s.billing == billingOnDemand:
		s.read, s.write = 0, 0
	case p != nil:
		s.billing = billingProvisioned
		s.read, s.write = p.ReadCapacityUnits, p.WriteCapacityUnits
	}
}

// setEncryption turns encryption by a key of KMS on or off. Without it, tables are encrypted by a key that DynamoDB does not show.
func (s *settings) setEncryption(e *Engine, r *sseSpecification) {
	if r == nil {
		return
	}
	s.encrypted = r.Enabled == nil || *r.Enabled
	s.encryptionKey = r.KMSMasterKeyId
	if s.encryptionKey == "" {
		s.encryptionKey = "alias/aws/dynamodb"
	}
	if !strings.HasPrefix(s.encryptionKey, "arn:") {
		if !strings.HasPrefix(s.encryptionKey, "alias/") {
			s.encryptionKey = "key/" + s.encryptionKey
		}
		s.encryptionKey = "arn:aws:kms:" + e.options.Region + ":" + e.options.Account + ":" + s.encryptionKey
	}
}
