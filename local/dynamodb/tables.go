package dynamodb

import (
	"maps"
	"slices"

	"transactional-outbox/local/awsapi"
)

const maxListed = 100

type tableRequest struct{ TableName string }

// openNamed is open for operations on tables, whose refusal names the table that it misses.
func (e *Engine) openNamed(auth awsapi.Authorizer, action, name string) (*table, error) {
	var c constraints
	c.tableName(name)
	if err := c.err(); err != nil {
		return nil, err
	}
	t, err := e.open(auth, action, name)
	if err == nil && t == nil {
		return nil, awsapi.Errorf(codeNotFound, textNotFound+": Table: %s not found", tableNameOf(name))
	}
	return t, err
}

func (e *Engine) describeTable(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r tableRequest
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	t, err := e.openNamed(auth, "DescribeTable", r.TableName)
	if err != nil {
		return nil, err
	}
	return encode(map[string]any{"Table": t.description("ACTIVE")})
}

func (e *Engine) deleteTable(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r tableRequest
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	t, err := e.openNamed(auth, "DeleteTable", r.TableName)
	if err != nil {
		return nil, err
	}
	t.mu.RLock()
	protected := t.settings.deletionProtected
	t.mu.RUnlock()
	if protected {
		return nil, validation("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
	}
	e.mu.Lock()
	if e.tables[t.name] == t {
		delete(e.tables, t.name)
	}
	e.mu.Unlock()
	t.close()
	return encode(map[string]any{"TableDescription": t.description("DELETING")})
}

func (e *Engine) listTables(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r struct {
		ExclusiveStartTableName string
		Limit                   *int
	}
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	limit, err := listLimit(r.Limit, maxListed)
	if err != nil {
		return nil, err
	}
	if err := auth.Check("dynamodb:ListTables", e.arn("table/*")); err != nil {
		return nil, err
	}
	e.mu.RLock()
	names := slices.Sorted(maps.Keys(e.tables))
	e.mu.RUnlock()
	names = slices.DeleteFunc(names, func(name string) bool { return name <= r.ExclusiveStartTableName && r.ExclusiveStartTableName != "" })
	out := map[string]any{"TableNames": names[:min(limit, len(names))]}
	if len(names) > limit {
		out["LastEvaluatedTableName"] = names[limit-1]
	}
	return encode(out)
}

// listLimit returns the Limit of a listing, atMost if it has none.
func listLimit(limit *int, atMost int) (int, error) {
	if limit == nil {
		return atMost, nil
	}
	var c constraints
	if *limit < 1 {
		c.violated(quoted(itoa(*limit)), "limit", "Member must have value greater than or equal to 1")
	}
	if *limit > atMost {
		c.violated(quoted(itoa(*limit)), "limit", "Member must have value less than or equal to "+itoa(atMost))
	}
	return *limit, c.err()
}

type updateTableRequest struct {
	TableName                 string
	AttributeDefinitions      []attributeDefinition
	BillingMode               string
	ProvisionedThroughput     *throughput
	StreamSpecification       *streamSpecification
	SSESpecification          *sseSpecification
	DeletionProtectionEnabled *bool
	TableClass                string
}

func (r *updateTableRequest) check() error {
	var c constraints
	checkModes(&c, r.BillingMode, r.TableClass, r.StreamSpecification, r.SSESpecification)
	if err := c.err(); err != nil {
		return err
	}
	switch {
	case r.ProvisionedThroughput == nil && r.BillingMode == "" && r.StreamSpecification == nil && r.SSESpecification == nil &&
		r.DeletionProtectionEnabled == nil && r.TableClass == "":
		return validation("At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required")
	case r.BillingMode == billingProvisioned && r.ProvisionedThroughput == nil:
		return validation(textParameterInvalid + "ProvisionedThroughput must be specified when BillingMode is PROVISIONED")
	case r.BillingMode == billingOnDemand && r.ProvisionedThroughput != nil:
		return validation(textParameterInvalid + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
	}
	if r.ProvisionedThroughput != nil {
		if err := r.ProvisionedThroughput.check(); err != nil {
			return err
		}
	}
	return checkStream(r.StreamSpecification)
}

func (e *Engine) updateTable(auth awsapi.Authorizer, request []byte) ([]byte, error) {
	var r updateTableRequest
	if err := decode(request, &r); err != nil {
		return nil, err
	}
	t, err := e.openNamed(auth, "UpdateTable", r.TableName)
	if err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	if s := r.StreamSpecification; s != nil {
		if s.StreamEnabled {
			err = t.log.enable(e, s.StreamViewType)
		} else {
			err = t.log.disable(e)
		}
		if err != nil {
			return nil, err
		}
	}
	t.mu.Lock()
	t.settings.setThroughput(r.BillingMode, r.ProvisionedThroughput, e.options.Clock())
	t.settings.setEncryption(e, r.SSESpecification)
	if r.DeletionProtectionEnabled != nil {
		t.settings.deletionProtected = *r.DeletionProtectionEnabled
	}
	if r.TableClass != "" {
		t.settings.class = r.TableClass
	}
	t.mu.Unlock()
	return encode(map[string]any{"TableDescription": t.description("UPDATING")})
}
