package view_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"transactional-outbox/local/cloud"
	"transactional-outbox/local/dynamodb"
	"transactional-outbox/local/view"
)

const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.Local)

func TestLines(t *testing.T) {
	event := []byte(`{"orderId":{"S":"01A"},"sequence":{"N":"1"},"type":{"S":"order.placed"}}`)
	for name, c := range map[string]struct {
		options view.Options
		show    func(*view.View)
		want    string
	}{
		"an order is placed": {
			show: func(v *view.View) {
				v.Log(cloud.LogLine{Time: noon, Function: "placeorder", Text: []byte(`{"level":"INFO","msg":"order placed","orderId":"01A"}`)})
			},
			want: "12:00:00.000  request          01A  order placed\n",
		},
		"an event is committed": {
			show: func(v *view.View) { v.Committed(dynamodb.Change{EventName: "INSERT", Time: noon, NewImage: event}) },
			want: "12:00:00.000  event committed  01A  order.placed, sequence 1\n",
		},
		"an event is emitted again": {
			show: func(v *view.View) { v.Committed(dynamodb.Change{EventName: "MODIFY", Time: noon, NewImage: event}) },
			want: "12:00:00.000  event committed  01A  order.placed, sequence 1, emitted again\n",
		},
		"the consumer moves": {
			show: func(v *view.View) {
				v.Consumed(dynamodb.Change{EventName: "INSERT", Time: noon, NewImage: []byte(`{"orderId":{"S":"01A"},"status":{"S":"REQUESTED"},"lastSequence":{"N":"1"}}`)})
			},
			want: "12:00:00.000  consumer         01A  fulfilment REQUESTED after sequence 1\n",
		},
		"another trace": {
			options: view.Options{Trace: traceID},
			show: func(v *view.View) {
				v.Log(cloud.LogLine{Time: noon, Function: "placeorder", Text: []byte(`{"level":"INFO","msg":"order placed","orderId":"01A","traceId":"00000000000000000000000000000001"}`)})
				v.Log(cloud.LogLine{Time: noon, Function: "placeorder", Text: []byte(`{"level":"ERROR","msg":"request failed"}`)})
				v.Committed(dynamodb.Change{EventName: "INSERT", Time: noon, NewImage: event})
				v.Consumed(dynamodb.Change{EventName: "INSERT", Time: noon, NewImage: []byte(`{"orderId":{"S":"01A"},"status":{"S":"REQUESTED"},"lastSequence":{"N":"1"},"lastEventId":{"S":"01E"}}`)})
			},
			want: "",
		},
		"one order's way by its trace": {
			options: view.Options{Trace: traceID},
			show: func(v *view.View) {
				traced := []byte(`{"orderId":{"S":"01A"},"sequence":{"N":"1"},"type":{"S":"order.placed"},"eventId":{"S":"01E"},"traceparent":{"S":"00-` + traceID + `-00f067aa0ba902b7-01"}}`)
				v.Log(cloud.LogLine{Time: noon, Function: "placeorder", Text: []byte(`{"level":"INFO","msg":"order placed","orderId":"01A","traceId":"` + traceID + `"}`)})
				v.Committed(dynamodb.Change{EventName: "INSERT", Time: noon, NewImage: traced})
				v.Log(cloud.LogLine{Time: noon, Function: "fulfilment", Text: []byte(`{"level":"DEBUG","msg":"event applied","orderId":"01A","traceId":"` + traceID + `"}`)})
				v.Consumed(dynamodb.Change{EventName: "INSERT", Time: noon, NewImage: []byte(`{"orderId":{"S":"01A"},"status":{"S":"REQUESTED"},"lastSequence":{"N":"1"},"lastEventId":{"S":"01E"}}`)})
			},
			want: "12:00:00.000  request          01A  order placed\n" +
				"12:00:00.000  event committed  01A  order.placed, sequence 1\n" +
				"12:00:00.000  consumer         01A  event applied\n" +
				"12:00:00.000  consumer         01A  fulfilment REQUESTED after sequence 1\n",
		},
		"metrics are for another page": {
			show: func(v *view.View) {
				v.Log(cloud.LogLine{Time: noon, Function: "placeorder", Text: []byte(`{"_aws":{"Timestamp":1},"OrdersPlaced":1}`)})
			},
			want: "",
		},
		"a warning with its details": {
			show: func(v *view.View) {
				v.Log(cloud.LogLine{Time: noon, Function: "fulfilment", Text: []byte(`{"level":"WARN","msg":"order parked","orderId":"01A","reason":"gap"}`)})
			},
			want: `12:00:00.000  warning          fulfilment: order parked orderId=01A reason="gap"` + "\n",
		},
		"a panic is no log entry": {
			show: func(v *view.View) {
				v.Log(cloud.LogLine{Time: noon, Function: "fulfilment", Text: []byte("panic: oh")})
			},
			want: "12:00:00.000  error            fulfilment: panic: oh\n",
		},
		"platform lines and access logs are for the verbose": {
			show: func(v *view.View) {
				v.Log(cloud.LogLine{Time: noon, Function: "placeorder", Platform: true, Text: []byte(`{"type":"platform.start"}`)})
				v.Log(cloud.LogLine{Time: noon, Text: []byte(`{"status":"201"}`)})
			},
			want: "",
		},
		"verbose": {
			options: view.Options{Verbose: true},
			show: func(v *view.View) {
				v.Log(cloud.LogLine{Time: noon, Text: []byte(`{"status":"201"}`)})
			},
			want: "12:00:00.000  log              {\"status\":\"201\"}\n",
		},
		"colour": {
			options: view.Options{Color: true},
			show:    func(v *view.View) { v.Committed(dynamodb.Change{EventName: "INSERT", Time: noon, NewImage: event}) },
			want:    "12:00:00.000  \x1b[33mevent committed\x1b[0m  01A  order.placed, sequence 1\n",
		},
		"no event": {
			show: func(v *view.View) {
				v.Committed(dynamodb.Change{EventName: "REMOVE", Time: noon})
				v.Consumed(dynamodb.Change{EventName: "REMOVE", Time: noon})
				v.Streamed(cloud.StreamRecord{Data: []byte("garbage")})
			},
			want: "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			c.show(view.New(&out, c.options))
			if out.String() != c.want {
				t.Errorf("got  %q\nwant %q", out.String(), c.want)
			}
		})
	}
}

func TestStreamRecord(t *testing.T) {
	var out bytes.Buffer
	view.New(&out, view.Options{}).Streamed(cloud.StreamRecord{
		ShardID: "shardId-000000000001",
		Data:    []byte(`{"eventName":"INSERT","dynamodb":{"NewImage":{"orderId":{"S":"01A"},"sequence":{"N":"1"}}}}`),
	})
	if want := "stream record    01A  INSERT of sequence 1 on shardId-000000000001\n"; !strings.HasSuffix(out.String(), want) {
		t.Errorf("got %q, want it to end in %q", out.String(), want)
	}
}

func TestHandlerShowsWarningsOfTheDesk(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(view.New(&out, view.Options{}).Handler())
	logger.Info("nobody needs to know")
	logger.With("function", "placeorder").Warn("its log is lost", "group", "x")
	if want := "warning          its log is lost function=placeorder group=x\n"; !strings.HasSuffix(out.String(), want) || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("got %q, want one line that ends in %q", out.String(), want)
	}
}
