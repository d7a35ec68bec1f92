package mapping

import (
	"bytes"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxFilters is AWS's default quota.
const maxFilters = 5

// filter is a compiled FilterCriteria.
type filter struct {
	patterns []*objectPattern
	wanted   *projection // all that the patterns look at
	decoders sync.Pool
}

// compileFilter parses the patterns of a FilterCriteria.
func compileFilter(patterns []string, format Format) (*filter, error) {
	if len(patterns) > maxFilters {
		return nil, invalidParameter("FilterCriteria has %d filters: at most %d are allowed.", len(patterns), maxFilters)
	}
	f := &filter{wanted: &projection{}}
	f.decoders.New = func() any { return jsontext.NewDecoder(new(bytes.Buffer)) }
	for _, text := range patterns {
		p, err := parsePattern(text)
		if err != nil {
			e := invalidParameter("Invalid filter pattern definition.")
			e.Fields = map[string]any{"Reason": err.Error(), "Type": "User"}
			return nil, e
		}
		p.want(f.wanted)
		f.patterns = append(f.patterns, p)
	}
	if format == Kinesis && f.wanted.fields["data"] == nil {
		// A record whose data is no text is dropped even if no pattern looks at it.
		f.wanted.field("data")
	}
	return f, nil
}

func (f *filter) empty() bool { return len(f.patterns) == 0 }

// matches reports whether one of the patterns matches a record.
func (f *filter) matches(r *Record, e *encoder) bool {
	var document map[string]any
	structured := true // the data can be matched by patterns for JSON
	if e.stream.Format == DynamoDB {
		value, err := f.decode(r.Data, f.wanted)
		if err != nil {
			return false
		}
		document, _ = value.(map[string]any)
	} else {
		if !utf8.Valid(r.Data) {
			return false
		}
		document = f.kinesisDocument(r, e)
		_, text := document["data"].(string)
		structured = !text
	}
	for _, p := range f.patterns {
		if p.looksInto("data") && !structured {
			continue
		}
		if p.match(document) {
			return true
		}
	}
	return false
}

// kinesisDocument is what patterns for Kinesis see: the metadata of the record, and its data as JSON, or as text where it is none.
func (f *filter) kinesisDocument(r *Record, e *encoder) map[string]any {
	document := make(map[string]any, len(f.wanted.fields))
	for name, want := range f.wanted.fields {
		switch name {
		case "data":
			document[name] = string(r.Data)
			if data := bytes.TrimLeft(r.Data, " \t\r\n"); len(data) > 0 && (data[0] == '{' || data[0] == '[') {
				if value, err := f.decode(r.Data, want); err == nil {
					document[name] = value
				}
			}
		case "partitionKey":
			document[name] = r.Key
		case "sequenceNumber":
			document[name] = r.SequenceNumber
		case "approximateArrivalTimestamp":
			document[name] = numberOf(string(appendSeconds(nil, r.Arrival)))
		case "kinesisSchemaVersion", "eventVersion":
			document[name] = "1.0"
		case "eventSource":
			document[name] = "aws:kinesis"
		case "eventName":
			document[name] = "aws:kinesis:record"
		case "eventID":
			document[name] = e.shard + ":" + r.SequenceNumber
		case "invokeIdentityArn":
			document[name] = e.role
		case "awsRegion":
			document[name] = e.stream.Region
		case "eventSourceARN":
			document[name] = e.stream.ARN
		}
	}
	return document
}

func (f *filter) decode(data []byte, want *projection) (any, error) {
	d := f.decoders.Get().(*jsontext.Decoder)
	defer f.decoders.Put(d)
	d.Reset(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true))
	return decodeAll(d, want)
}
