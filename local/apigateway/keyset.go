package apigateway

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
)

// keysKept is how long API Gateway works with the keys it has read. A token with a key that is not among them makes the desk read them
// again, though not more often than keysPause: a rotation on one machine should not take two hours.
const (
	keysKept  = 2 * time.Hour
	keysPause = 5 * time.Second
)

// maxKeys bounds what an issuer may answer, in bytes.
const maxKeys = 1 << 20

// keySet holds the public keys of an issuer.
type keySet struct {
	issuer string
	clock  func() time.Time
	client *http.Client

	mu   sync.Mutex
	keys map[string]*rsa.PublicKey
	read time.Time
}

// checkIssuer refuses an issuer whose answers could be forged on the way.
func checkIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return badRequest("Authorizer.Issuer %q is not a URL such as https://example.com", issuer)
	}
	ip := net.ParseIP(u.Hostname())
	loopback := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && !(u.Scheme == "http" && loopback) {
		return badRequest("Authorizer.Issuer %q must use https", issuer)
	}
	return nil
}

// find returns the key with the id. The text of its error is for the client.
func (k *keySet) find(ctx context.Context, id string) (*rsa.PublicKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	age := k.clock().Sub(k.read)
	key := k.keys[id]
	if k.keys == nil || age > keysKept || key == nil && age > keysPause {
		keys, err := k.fetch(ctx)
		if err != nil {
			return nil, err
		}
		k.keys, k.read = keys, k.clock()
		key = keys[id]
	}
	if key == nil {
		return nil, errors.New("the token's key is not among the issuer's")
	}
	return key, nil
}

// fetch reads the keys from where the issuer's discovery document says they are.
// https://openid.net/specs/openid-connect-discovery-1_0.html
func (k *keySet) fetch(ctx context.Context) (map[string]*rsa.PublicKey, error) {
	var discovery struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	if err := k.get(ctx, strings.TrimSuffix(k.issuer, "/")+"/.well-known/openid-configuration", &discovery); err != nil {
		return nil, errors.New("OIDC discovery endpoint communication error")
	}
	if discovery.Issuer != k.issuer || checkIssuer(discovery.Keys) != nil {
		return nil, errors.New("OIDC discovery endpoint communication error")
	}
	var set struct {
		Keys []struct {
			Type     string `json:"kty"`
			Use      string `json:"use"`
			ID       string `json:"kid"`
			Modulus  string `json:"n"`
			Exponent string `json:"e"`
		} `json:"keys"`
	}
	if err := k.get(ctx, discovery.Keys, &set); err != nil {
		return nil, errors.New("JWKS communication error")
	}
	keys := map[string]*rsa.PublicKey{}
	for _, key := range set.Keys {
		if key.Type != "RSA" || key.ID == "" || key.Use != "" && key.Use != "sig" {
			continue
		}
		n, err := base64.RawURLEncoding.DecodeString(key.Modulus)
		if err != nil {
			continue
		}
		e, err := base64.RawURLEncoding.DecodeString(key.Exponent)
		if err != nil || len(e) > 4 {
			continue
		}
		keys[key.ID] = &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	}
	return keys, nil
}

// get reads a JSON document.
func (k *keySet) get(ctx context.Context, address string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := k.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address, response.Status)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxKeys))
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
