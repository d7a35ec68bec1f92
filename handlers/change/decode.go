package change

import (
	"errors"
	"fmt"
	"time"

	"transactional-outbox/handlers/jsonscan"
)

// ErrFormat is in the chain of every error about a text that is no change record.
var ErrFormat = errors.New("not a DynamoDB change record")

// service is the principal of removals by Time to Live.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-streams.html
const service = "dynamodb.amazonaws.com"

type decoder struct {
	jsonscan.Scanner
	created                   int64
	hasCreated, hasDynamoDB   bool
	source, principal, format string
}

// check tells a change record from any other JSON.
func (d *decoder) check(r *Record) error {
	if err := d.Err(); err != nil {
		return fmt.Errorf("%w: %w", ErrFormat, err)
	}
	var problem string
	switch {
	case d.source != "aws:dynamodb":
		problem = fmt.Sprintf("eventSource is %q, want aws:dynamodb", d.source)
	case d.format != "" && d.format != "application/json":
		problem = fmt.Sprintf("recordFormat is %q, want application/json", d.format)
	case r.Table == "":
		problem = "tableName is missing"
	case !d.hasDynamoDB:
		problem = "dynamodb is missing"
	case len(r.Keys) == 0:
		problem = "dynamodb.Keys is missing"
	case !d.hasCreated:
		problem = "dynamodb.ApproximateCreationDateTime is missing"
	case r.EventName == Insert || r.EventName == Modify:
		if len(r.NewImage) == 0 {
			problem = "dynamodb.NewImage is missing"
		}
	case r.EventName != Remove:
		problem = fmt.Sprintf("eventName is %q, want INSERT, MODIFY or REMOVE", string(r.EventName))
	}
	switch r.Precision {
	case "", "MILLISECOND":
		r.Created = time.UnixMilli(d.created).UTC()
	case "MICROSECOND":
		r.Created = time.UnixMicro(d.created).UTC()
	default:
		problem = fmt.Sprintf("ApproximateCreationDateTimePrecision is %q, want MILLISECOND or MICROSECOND", r.Precision)
	}
	if problem != "" {
		return fmt.Errorf("%w: %s", ErrFormat, problem)
	}
	r.ByTTL = r.EventName == Remove && d.principal == service
	return nil
}

func (d *decoder) record(r *Record) {
	d.Object()
	for name, ok := d.Member(); ok; name, ok = d.Member() {
		switch name {
		case "awsRegion":
			r.Region = d.String()
		case "eventID":
			r.EventID = d.String()
		case "eventName":
			r.EventName = EventName(d.String())
		case "eventSource":
			d.source = d.String()
		case "recordFormat":
			d.format = d.String()
		case "tableName":
			r.Table = d.String()
		case "userIdentity":
			d.identity()
		case "dynamodb":
			d.hasDynamoDB = true
			d.dynamodb(r)
		default:
			d.Skip()
		}
	}
}

func (d *decoder) identity() {
	if d.Kind() == jsonscan.Null {
		d.Null()
		return
	}
	d.Object()
	for name, ok := d.Member(); ok; name, ok = d.Member() {
		if name == "principalId" {
			d.principal = d.String()
		} else {
			d.Skip()
		}
	}
}

func (d *decoder) dynamodb(r *Record) {
	d.Object()
	for name, ok := d.Member(); ok; name, ok = d.Member() {
		switch name {
		case "ApproximateCreationDateTime":
			d.created, d.hasCreated = d.Int64(), true
		case "ApproximateCreationDateTimePrecision":
			r.Precision = d.String()
		case "Keys":
			r.Keys = d.image(r.Keys[:0])
		case "NewImage":
			r.NewImage = d.image(r.NewImage[:0])
		case "OldImage":
			r.OldImage = d.image(r.OldImage[:0])
		case "SizeBytes":
			r.SizeBytes = d.Int64()
		default:
			d.Skip()
		}
	}
}

// image appends the attributes of an item. Where an image is absent it may also be null.
func (d *decoder) image(image Image) Image {
	if d.Kind() == jsonscan.Null {
		d.Null()
		return image
	}
	d.Object()
	for name, ok := d.Member(); ok; name, ok = d.Member() {
		image = append(image, d.attribute(name))
	}
	return image
}

// attribute reads a value, which is an object of one member: its type.
func (d *decoder) attribute(name string) Attribute {
	a := Attribute{Name: name}
	d.Object()
	kind, ok := d.Member()
	if !ok {
		d.Fail("attribute without a type")
		return a
	}
	switch a.Type = kind; kind {
	case "S", "N", "B":
		a.Text = d.String()
	case "BOOL":
		if a.Text = "false"; d.Bool() {
			a.Text = "true"
		}
	case "M", "L", "SS", "NS", "BS", "NULL":
		a.Text = d.Raw()
	default:
		d.Fail("attribute of an unknown type")
	}
	if _, more := d.Member(); more {
		d.Fail("attribute of more than one type")
	}
	return a
}
