package cloud

import (
	"encoding/base32"
	"encoding/base64"
	"sync"

	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/lambda"
)

// accessKeys knows who holds which access key. Each function has a key of its own, which may do what its role may do.
type accessKeys struct {
	mu     sync.RWMutex
	byKey  map[string]awsapi.Authorizer
	owners map[string][]string // access key ids by function
}

func (k *accessKeys) init() {
	k.byKey, k.owners = map[string]awsapi.Authorizer{}, map[string][]string{}
}

// issue makes new credentials for a function. Those it had before stay valid until the function is gone, because
// processes of its previous version may still be at work.
func (k *accessKeys) issue(function string, authorizer awsapi.Authorizer) lambda.Credentials {
	credentials := lambda.Credentials{
		AccessKeyID:     "ASIA" + base32.StdEncoding.EncodeToString(randomBytes(10)),
		SecretAccessKey: base64.StdEncoding.EncodeToString(randomBytes(30)),
		SessionToken:    base64.StdEncoding.EncodeToString(randomBytes(60)),
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.byKey[credentials.AccessKeyID] = authorizer
	k.owners[function] = append(k.owners[function], credentials.AccessKeyID)
	return credentials
}

// removeOwner makes the keys of a function invalid.
func (k *accessKeys) removeOwner(function string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, key := range k.owners[function] {
		k.byKey[key] = refuseAll
	}
	delete(k.owners, function)
}

// principal answers whose key it is: a function's role, or for any key the desk did not issue, the desk's owner.
func (k *accessKeys) principal(accessKeyID string) (awsapi.Authorizer, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.byKey[accessKeyID], nil
}

// refuseAll answers for credentials that are no longer valid.
func refuseAll(string, string) error {
	return awsapi.Errorf("UnrecognizedClientException", "The security token included in the request is invalid.")
}
