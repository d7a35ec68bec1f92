package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"transactional-outbox/local/cloud"
	"transactional-outbox/local/desk"
)

func TestPaymentsAreEnteredOnce(t *testing.T) {
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	// Every record comes twice: what the ledger does about it must not depend on luck.
	d, err := desk.Start(t.Context(), desk.Options{Root: root, Stage: "local", Program: deploy, Cloud: cloud.Options{Duplicate: 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()

	paid := map[string]bool{}
	for range 5 {
		response, err := http.Post(d.Output("apiUrl")+"/payments", "application/json", strings.NewReader(`{"amount":250,"currency":"EUR"}`))
		if err != nil {
			t.Fatal(err)
		}
		var taken struct{ PaymentID string }
		err = json.NewDecoder(response.Body).Decode(&taken)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusCreated {
			t.Fatalf("pay: %s, %v", response.Status, err)
		}
		paid[taken.PaymentID] = true
	}
	refused, err := http.Post(d.Output("apiUrl")+"/payments", "application/json", strings.NewReader(`{"amount":0,"currency":"EUR"}`))
	if err != nil || refused.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("pay nothing: %v, %v", refused, err)
	}

	deadline := time.Now().Add(30 * time.Second)
	for id := range paid {
		for entry := ""; !strings.Contains(entry, `"amount":{"N":"250"}`); {
			answer, err := d.Cloud.Tables().Call(t.Context(), nil, "GetItem", fmt.Appendf(nil, `{"TableName":%q,"Key":{"paymentId":{"S":%q}}}`, d.Output("entriesTable"), id))
			if err != nil || time.Now().After(deadline) {
				t.Fatalf("entry of %s: %s, %v", id, answer, err)
			}
			entry = string(answer)
		}
	}
}
