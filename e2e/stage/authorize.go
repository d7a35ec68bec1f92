package stage

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// Authorize makes a request to the stage's API one of somebody whom it lets in: it signs it, gives it the token, or leaves
// it as it is. body is what the request carries; nothing of the request may change afterwards.
func (s *Stage) Authorize(r *http.Request, body []byte) error {
	switch s.Auth {
	case "iam":
		sum := sha256.Sum256(body)
		return v4.NewSigner().SignHTTP(r.Context(), s.credentials, r, hex.EncodeToString(sum[:]), "execute-api", s.Region, time.Now())
	case "jwt":
		r.Header.Set("Authorization", "Bearer "+s.token)
	}
	return nil
}
