package cloud

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/iam"
)

// roleInput are the supported inputs of aws:iam/role:Role.
type roleInput struct {
	Name                string            `json:"name"`
	AssumeRolePolicy    string            `json:"assumeRolePolicy"`
	Description         string            `json:"description"`
	Path                string            `json:"path"`
	MaxSessionDuration  float64           `json:"maxSessionDuration"`
	ForceDetachPolicies bool              `json:"forceDetachPolicies"`
	Tags                map[string]string `json:"tags"`
}

// roles implements aws:iam/role:Role.
func (c *Cloud) roles() resourceType {
	return typed[roleInput]{
		facts: traits{autoname: "name", replace: []string{"name", "path"}},
		createFunc: func(_ context.Context, in roleInput) (string, properties, error) {
			if err := trustKeys(in.AssumeRolePolicy); err != nil {
				return "", nil, err
			}
			role, err := iam.NewRole(in.Name, in.AssumeRolePolicy, &iam.RoleOptions{Account: c.options.Account, Path: in.Path})
			if err != nil {
				return "", nil, err
			}
			if !c.roleByName.add(in.Name, role) {
				return "", nil, awsapi.Errorf("EntityAlreadyExists", "Role with name %s already exists.", in.Name)
			}
			return in.Name, roleOutputs(role), nil
		},
		updateFunc: func(_ context.Context, name string, _, in roleInput) (properties, error) {
			role, err := c.role(name)
			if err != nil {
				return nil, err
			}
			if err := trustKeys(in.AssumeRolePolicy); err != nil {
				return nil, err
			}
			return roleOutputs(role), role.SetTrust(in.AssumeRolePolicy)
		},
		deleteFunc: func(_ context.Context, name string, _ roleInput) error {
			role, err := c.role(name)
			if err != nil {
				return nil
			}
			if len(role.Policies()) > 0 {
				return awsapi.Errorf("DeleteConflict", "Cannot delete entity, must delete policies first.")
			}
			c.roleByName.remove(name)
			return nil
		},
		existsFunc: func(_ context.Context, name string, _ roleInput) (bool, error) {
			_, ok := c.roleByName.get(name)
			return ok, nil
		},
	}
}

func roleOutputs(role *iam.Role) properties {
	return properties{"arn": role.ARN(), "uniqueId": role.Name()}
}

// role finds a role by its name or its ARN.
func (c *Cloud) role(nameOrARN string) (*iam.Role, error) {
	name := nameOrARN[strings.LastIndex(nameOrARN, "/")+1:]
	role, ok := c.roleByName.get(name)
	if !ok {
		return nil, awsapi.Errorf("NoSuchEntity", "The role with name %s cannot be found.", name)
	}
	return role, nil
}

func trustKeys(document string) error {
	return conditionKeys(iam.ParseTrustPolicy, document, "aws:SourceAccount")
}

// conditionKeys refuses conditions on keys that no request has on the desk: they would be decided without the value that they are about.
func conditionKeys(parse func(string) (*iam.Policy, error), document string, known ...string) error {
	policy, err := parse(document)
	if err != nil {
		return err
	}
	for _, key := range policy.ConditionKeys() {
		if !slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, key) }) {
			return fmt.Errorf("the condition key %s is not supported on the desk; supported here are %s", key, strings.Join(known, ", "))
		}
	}
	return nil
}

// rolePolicyInput are the inputs of aws:iam/rolePolicy:RolePolicy.
type rolePolicyInput struct {
	Name   string `json:"name"`
	Role   string `json:"role"`
	Policy string `json:"policy"`
}

// rolePolicies implements aws:iam/rolePolicy:RolePolicy, the inline policies of a role.
func (c *Cloud) rolePolicies() resourceType {
	put := func(in rolePolicyInput) error {
		role, err := c.role(in.Role)
		if err != nil {
			return err
		}
		if err := conditionKeys(iam.ParsePolicy, in.Policy, "aws:SecureTransport", "aws:PrincipalArn", "aws:PrincipalAccount", "kms:ViaService"); err != nil {
			return err
		}
		return role.PutPolicy(in.Name, in.Policy)
	}
	return typed[rolePolicyInput]{
		facts: traits{autoname: "name", replace: []string{"name", "role"}},
		createFunc: func(_ context.Context, in rolePolicyInput) (string, properties, error) {
			return in.Role + ":" + in.Name, nil, put(in)
		},
		updateFunc: func(_ context.Context, _ string, _, in rolePolicyInput) (properties, error) {
			return nil, put(in)
		},
		deleteFunc: func(_ context.Context, _ string, in rolePolicyInput) error {
			if role, err := c.role(in.Role); err == nil {
				role.DeletePolicy(in.Name)
			}
			return nil
		},
		existsFunc: func(_ context.Context, _ string, in rolePolicyInput) (bool, error) {
			role, err := c.role(in.Role)
			if err != nil {
				return false, nil
			}
			_, ok := role.Policies()[in.Name]
			return ok, nil
		},
	}
}
