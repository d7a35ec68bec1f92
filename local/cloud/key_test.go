package cloud_test

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

const kmsKey = "arn:aws:kms:eu-west-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab"

// A table shows the key that it was given, and in an update loses it again.
func TestATableShowsItsKey(t *testing.T) {
	c := newCloud(t)
	shown := func(state resource.PropertyMap) bool {
		t.Helper()
		described, err := c.Tables().Call(t.Context(), nil, "DescribeTable", []byte(`{"TableName":"`+state["name"].StringValue()+`"}`))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(described), `"KMSMasterKeyArn":"`+kmsKey+`"`)
	}
	id, state := create(t, c, tableType, "things", table(map[string]any{"serverSideEncryption": map[string]any{"enabled": true, "kmsKeyArn": kmsKey}}))
	if !shown(state) {
		t.Error("the table does not show its key")
	}
	plain := properties(table(map[string]any{"name": state["name"].StringValue()}))
	if _, err := c.Update(t.Context(), tableType, id, state, plain); err != nil {
		t.Fatal(err)
	}
	if shown(state) {
		t.Error("the table still shows the key that was taken away")
	}
}
