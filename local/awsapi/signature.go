package awsapi

import (
	"net/http"
	"net/url"
	"strings"
)

const signatureAlgorithm = "AWS4-HMAC-SHA256"

// authorizer looks up who signed the request.
func (h *handler) authorizer(r *http.Request) (Authorizer, error) {
	key, err := accessKeyID(r)
	if err != nil {
		return nil, err
	}
	if h.Principal == nil {
		return nil, nil
	}
	return h.Principal(key)
}

// accessKeyID takes the access key id out of a SigV4 signature, which is in the Authorization header or, presigned, in the query. Nothing
// is verified. The parts of the header:
//
//	AWS4-HMAC-SHA256 Credential=AKID/20261124/us-east-1/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=...
func accessKeyID(r *http.Request) (string, error) {
	header := r.Header.Get("Authorization")
	presigned := r.URL.RawQuery != "" && strings.Contains(r.URL.RawQuery, "X-Amz-Algorithm=")
	switch {
	case header != "" && presigned:
		return "", Errorf("InvalidSignatureException", "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.")
	case presigned:
		query, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			return "", Errorf("IncompleteSignatureException", "The query string cannot be parsed.")
		}
		if key, _, ok := strings.Cut(query.Get("X-Amz-Credential"), "/"); ok && key != "" {
			return key, nil
		}
		return "", Errorf("IncompleteSignatureException", "AWS query-string parameters must include 'X-Amz-Credential'. Re-examine the query-string parameters.")
	case header == "":
		service, _, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		return "", &Error{Code: "MissingAuthenticationTokenException", Message: dialects[service].missingToken}
	}
	if rest, ok := strings.CutPrefix(header, signatureAlgorithm); ok {
		if _, rest, ok = strings.Cut(rest, "Credential="); ok {
			if key, _, ok := strings.Cut(rest, "/"); ok && key != "" {
				return key, nil
			}
		}
	}
	return "", Errorf("IncompleteSignatureException", "Authorization header requires 'Credential' parameter. Authorization=%s", header)
}
