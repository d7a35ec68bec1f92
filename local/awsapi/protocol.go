package awsapi

import (
	"encoding/xml"
	"net/http"
	"strings"
)

// refusal answers a protocol that is not spoken here, in words its client can show.
type refusal struct {
	text string
	xml  bool
}

// refuseProtocol recognises the AWS protocols that are not served. It returns nil for the JSON protocols, and for what is no AWS protocol at all.
func refuseProtocol(r *http.Request) *refusal {
	contentType := r.Header.Get("Content-Type")
	if strings.HasPrefix(contentType, "application/x-amz-json-1.") {
		return nil
	}
	switch {
	case strings.Contains(contentType, "cbor") || r.Header.Get("Smithy-Protocol") != "":
		return &refusal{text: "The CBOR encoding is not supported here: send application/x-amz-json-1.1 " +
			"(in the AWS SDKs for Java: AWS_CBOR_DISABLE=true or -Daws.cborEnabled=false)."}
	case strings.HasPrefix(contentType, "application/x-www-form-urlencoded") || r.URL.RawQuery != "" && r.URL.Query().Has("Action"):
		return &refusal{xml: true, text: "The query protocol is not supported here: use a client that speaks the JSON protocol " +
			"(application/x-amz-json-1.0 with X-Amz-Target: AmazonSQS.<operation>), as AWS SDKs have done since late 2023."}
	}
	return nil
}

func (f *refusal) write(a *answer) {
	if !f.xml {
		a.fail(&Error{Code: "UnsupportedMediaTypeException", Message: f.text, Status: http.StatusUnsupportedMediaType})
		return
	}
	type fault struct {
		Type, Code, Message string
	}
	type errorResponse struct {
		XMLName   xml.Name `xml:"ErrorResponse"`
		Error     fault
		RequestId string
	}
	body, err := xml.Marshal(errorResponse{Error: fault{"Sender", "UnsupportedProtocol", f.text}, RequestId: a.requestID})
	if err != nil {
		a.fail(&Error{Code: "UnsupportedProtocol", Message: f.text})
		return
	}
	header := a.w.Header()
	header.Set("Content-Type", "text/xml")
	header.Set("X-Amzn-Requestid", a.requestID)
	a.w.WriteHeader(http.StatusBadRequest)
	_, _ = a.w.Write(body)
}
