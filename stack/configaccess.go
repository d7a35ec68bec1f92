package stack

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
)

// AuthMode is how an API knows who calls.
type AuthMode string

// The modes of Api.
const (
	AuthIAM  AuthMode = "iam"  // requests are signed with AWS credentials that may invoke the API
	AuthJWT  AuthMode = "jwt"  // requests carry a token of an identity provider
	AuthNone AuthMode = "none" // anybody may call
)

func accessKeys() []key {
	return []key{
		choice("auth", AuthIAM, []AuthMode{AuthIAM, AuthJWT, AuthNone},
			"Who may call the API: whom IAM allows to, who has a token of jwtIssuer, or anybody.",
			func(c *Config, v AuthMode) { c.Auth = v }),
		text("jwtIssuer", "an https URL, or empty", issuerURL,
			"Identity provider whose tokens are accepted, exactly as their iss claim names it.",
			func(c *Config, v string) { c.JWTIssuer = v }),
		list("jwtAudience", "values separated by commas, or empty", nil,
			"Accepted values of a token's aud claim, or of client_id where there is no aud.",
			func(c *Config, v []string) { c.JWTAudience = v }),
		list("jwtScopes", "values separated by commas, or empty", nil,
			"Scopes of which a token must have at least one. None asks for none; tokens for other purposes than "+
				"this API, such as ID tokens, then pass too.",
			func(c *Config, v []string) { c.JWTScopes = v }),
		list("corsOrigins", "origins like https://example.com separated by commas, or empty", origin,
			"Web pages that may call the API from a browser. None turns CORS off.",
			func(c *Config, v []string) { c.CORSOrigins = v }),
	}
}

func accessRules() []configRule {
	return []configRule{
		{
			keys: []string{"auth", "jwtIssuer", "jwtAudience", "jwtScopes"},
			broken: func(c *Config) string {
				given := map[string]bool{
					"jwtIssuer": c.JWTIssuer != "", "jwtAudience": len(c.JWTAudience) > 0, "jwtScopes": len(c.JWTScopes) > 0,
				}
				var wrong []string
				for _, name := range []string{"jwtIssuer", "jwtAudience", "jwtScopes"} {
					needed := c.Auth == AuthJWT && name != "jwtScopes"
					if needed && !given[name] || c.Auth != AuthJWT && given[name] {
						wrong = append(wrong, name)
					}
				}
				switch names := strings.Join(wrong, " and "); {
				case names == "":
					return ""
				case c.Auth == AuthJWT:
					return fmt.Sprintf("auth: jwt needs %s", names)
				default:
					return fmt.Sprintf("auth: %s makes no use of %s: it must be jwt, or they must be empty", c.Auth, names)
				}
			},
		},
		{
			// A stage whose data is worth protecting is not for everybody.
			keys: []string{"auth", "protect"},
			broken: func(c *Config) string {
				if c.Auth != AuthNone || !c.Protect {
					return ""
				}
				return "auth: none lets anybody write to a stage that is protected: it must be iam or jwt while protect is true"
			},
		},
	}
}

// issuerURL takes what an HTTP API takes for an issuer. Plain http is for an
// identity provider on the same machine as the desk; AWS refuses it.
func issuerURL(value string) error {
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("it must be a URL like https://example.com")
	}
	ip := net.ParseIP(u.Hostname())
	if u.Scheme == "https" || u.Scheme == "http" && ip != nil && ip.IsLoopback() {
		return nil
	}
	return errors.New("it must use https")
}

func origin(value string) error {
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || value != u.Scheme+"://"+u.Host || !slices.Contains([]string{"http", "https"}, u.Scheme) {
		return fmt.Errorf("%q is not an origin like https://example.com", value)
	}
	return nil
}
