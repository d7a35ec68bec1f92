package cloud

import (
	"encoding/base32"
	"encoding/base64"
	"regexp"
	"sync"

	"transactional-outbox/local/apigateway"
	"transactional-outbox/local/awsapi"
	"transactional-outbox/local/lambda"
)

// accessKeys knows who holds which access key. Each function has a key of its own, which may do what its role may do.
type accessKeys struct {
	mu      sync.RWMutex
	byKey   map[string]awsapi.Authorizer
	holders map[string]apigateway.Identity // whose key it is, as APIs see it
	owners  map[string][]string            // access key ids by function
}

func (k *accessKeys) init() {
	k.byKey, k.holders, k.owners = map[string]awsapi.Authorizer{}, map[string]apigateway.Identity{}, map[string][]string{}
}

// issue makes new credentials for a function, which acts as the session of a role. Those it had before stay valid until the function is gone, because
// processes of its previous version may still be at work.
func (k *accessKeys) issue(function, account, sessionARN string, authorizer awsapi.Authorizer) lambda.Credentials {
	credentials := lambda.Credentials{
		AccessKeyID:     "ASIA" + base32.StdEncoding.EncodeToString(randomBytes(10)),
		SecretAccessKey: base64.StdEncoding.EncodeToString(randomBytes(30)),
		SessionToken:    base64.StdEncoding.EncodeToString(randomBytes(60)),
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.byKey[credentials.AccessKeyID] = authorizer
	k.holders[credentials.AccessKeyID] = apigateway.Identity{
		SecretAccessKey: credentials.SecretAccessKey, SessionToken: credentials.SessionToken,
		AccountID: account, UserID: "AROA" + credentials.AccessKeyID[4:] + ":" + function, UserARN: sessionARN, Authorizer: authorizer,
	}
	k.owners[function] = append(k.owners[function], credentials.AccessKeyID)
	return credentials
}

// removeOwner makes the keys of a function invalid.
func (k *accessKeys) removeOwner(function string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, key := range k.owners[function] {
		k.byKey[key] = refuseAll
		delete(k.holders, key)
	}
	delete(k.owners, function)
}

// principal answers whose key it is: a function's role, or for any key the desk did not issue, the desk's owner.
func (k *accessKeys) principal(accessKeyID string) (awsapi.Authorizer, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	return k.byKey[accessKeyID], nil
}

// userName is what a person at the desk may be called.
var userName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// identify tells who holds an access key, as APIs with IAM authorization ask. Beside the functions there are the people at the desk:
// any lower-case name is an access key whose secret is the name again, and may invoke everything. The name owner is the account itself.
func (k *accessKeys) identify(account, accessKeyID string) (apigateway.Identity, bool) {
	k.mu.RLock()
	holder, ok := k.holders[accessKeyID]
	k.mu.RUnlock()
	if ok {
		return holder, true
	}
	if !userName.MatchString(accessKeyID) {
		return apigateway.Identity{}, false
	}
	person := apigateway.Identity{SecretAccessKey: accessKeyID, AccountID: account, UserID: account, UserARN: "arn:aws:iam::" + account + ":root"}
	if accessKeyID != "owner" {
		person.UserID, person.UserARN = accessKeyID, "arn:aws:iam::"+account+":user/"+accessKeyID
	}
	return person, true
}

// refuseAll answers for credentials that are no longer valid.
func refuseAll(string, string) error {
	return awsapi.Errorf("UnrecognizedClientException", "The security token included in the request is invalid.")
}
