package main

import (
	"fmt"
	"io"
	"strings"

	"transactional-outbox/local/desk"
	"transactional-outbox/local/issuer"
	"transactional-outbox/stack/stage"
)

// defaultAudience and defaultScope are what tokens say for a stage that does not ask for any itself.
const (
	defaultAudience = "orders"
	defaultScope    = "orders/all"
)

// tokens is an identity provider beside the API, which hands out whatever token is asked for.
type tokens struct {
	*issuer.Server
	project string
	// audience and scopes are what the API wants of a token.
	audience, scopes string
}

// serveTokens starts an identity provider for a stage. It keeps what a stage that already wants tokens wants of them.
func serveTokens(root, name string) (*tokens, error) {
	project, config, err := stage.Load(root, name)
	if err != nil {
		return nil, err
	}
	t := &tokens{project: project, audience: config[project+":jwtAudience"], scopes: config[project+":jwtScopes"]}
	if t.audience == "" {
		t.audience, t.scopes = defaultAudience, defaultScope
	}
	first, _, _ := strings.Cut(t.audience, ",")
	t.Server, err = issuer.Serve(&issuer.Options{Audience: strings.TrimSpace(first)})
	return t, err
}

// config makes a stage one that wants these tokens.
func (t *tokens) config() map[string]string {
	return map[string]string{
		t.project + ":auth":        "jwt",
		t.project + ":jwtIssuer":   t.URL,
		t.project + ":jwtAudience": t.audience,
		t.project + ":jwtScopes":   t.scopes,
	}
}

// explain tells how to get a token and to use it.
func (t *tokens) explain(out io.Writer, d *desk.Desk) {
	scope, _, _ := strings.Cut(t.scopes, ",")
	if scope = strings.TrimSpace(scope); scope != "" {
		scope = " -d scope=" + scope
	}
	fmt.Fprintf(out, "\nThe API wants tokens of %s, which gives one to whoever asks. Get one, and place an order with it:\n\n"+
		"  TOKEN=$(curl -s -d grant_type=client_credentials -d client_id=alice%s %s/token | sed 's/.*\"access_token\":\"\\([^\"]*\\)\".*/\\1/')\n"+
		"  curl -i %s/orders -H \"authorization: Bearer $TOKEN\" -H 'content-type: application/json' -d '{\"description\":\"two books\"}'\n\n",
		t.URL, scope, t.URL, d.Output("apiUrl"))
}
