package remote

import (
	"bytes"
	"regexp"
	"strings"
	"sync/atomic"
)

// arns translates between the desk's ARNs and those of an endpoint, which may have a region or an account of its own: DynamoDB Local's region
// is always ddblocal.
type arns struct {
	own   string                 // how the desk's begin, up to the resource
	other atomic.Pointer[string] // how the endpoint's begin; nil until one was seen
}

var anyARN = regexp.MustCompile(`arn:aws:[a-z]+:[a-z0-9-]*:[0-9]*:`)

// ours replaces the endpoint's ARNs in an answer.
func (a *arns) ours(answer []byte) []byte {
	service := a.own[:len("arn:aws:")+strings.IndexByte(a.own[len("arn:aws:"):], ':')+1]
	return anyARN.ReplaceAllFunc(answer, func(found []byte) []byte {
		if !bytes.HasPrefix(found, []byte(service)) {
			return found
		}
		if known := a.other.Load(); known == nil || *known != string(found) {
			other := string(found)
			a.other.Store(&other)
		}
		return []byte(a.own)
	})
}

// foreign replaces the desk's ARNs in a request.
func (a *arns) foreign(request []byte) []byte {
	other := a.other.Load()
	if other == nil || *other == a.own {
		return request
	}
	return bytes.ReplaceAll(request, []byte(a.own), []byte(*other))
}

// carriesARNs reports whether answers to an operation name resources. Those with items and records are left alone, and so are iterators, which
// are the endpoint's business.
func carriesARNs(operation string) bool {
	switch {
	case operation == "DescribeTimeToLive" || operation == "DescribeContinuousBackups":
		return false
	}
	for _, prefix := range []string{"Create", "Delete", "Describe", "List", "Update"} {
		if strings.HasPrefix(operation, prefix) && operation != "DeleteItem" && operation != "UpdateItem" {
			return true
		}
	}
	return false
}
