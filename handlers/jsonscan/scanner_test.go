package jsonscan_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"transactional-outbox/handlers/jsonscan"
)

// valid is the oracle: another strict parser. It limits nesting otherwise, so texts with much of it are left out.
func valid(text string) bool {
	return jsontext.Value(text).IsValid(jsontext.AllowDuplicateNames(true))
}

func skip(text string) error {
	s := jsonscan.New(text)
	s.Skip()
	s.End()
	return s.Err()
}

var texts = []string{
	`{}`, `[]`, `""`, `0`, `-0`, `-0.0e+0`, `1.5E-7`, `true`, `false`, `null`, ` [ 1 , 2 ] `, "{\"a\":\t1\r\n}",
	`{"a":{"b":[1,"x",null,{"c":true}]}}`, `"\u0041\n\"\\\/\b\f\r\t"`, `"\ud83d\ude00"`, `"é😀"`,
	``, ` `, `{`, `}`, `[`, `]`, `[1,]`, `[,1]`, `[1 2]`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{,}`, `{a:1}`, `{"a":1 "b":2}`, `{1:2}`,
	`"`, `"a`, `"\`, `"\"`, `"\x"`, `"\u12"`, `"\u12g4"`, `"\ud83d"`, `"\ude00"`, `"\ud83d\u0041"`, `"\ud83d\n"`, "\"\n\"", "\"\x00\"", "\"\xff\"", "\"\xc3\"", "\"\\\xff\"",
	`01`, `-`, `1.`, `.5`, `1e`, `1e+`, `+1`, `0x1`, `1a`, `NaN`, `tru`, `True`, `nul`, `nulll`, `true false`, `1 1`, `[}`, `{]`, `{"a":1]`,
}

func TestSkipTakesWhatIsJSON(t *testing.T) {
	for _, text := range texts {
		err := skip(text)
		if got, want := err == nil, valid(text); got != want {
			t.Errorf("%q: valid is %t, want %t (%v)", text, got, want, err)
		}
	}
}

func FuzzScanner(f *testing.F) {
	for _, text := range texts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Count(text, "[")+strings.Count(text, "{") > 200 {
			t.Skip("deeper than the scanner goes")
		}
		err := skip(text)
		if got, want := err == nil, valid(text); got != want {
			t.Fatalf("%q: valid is %t, want %t (%v)", text, got, want, err)
		}
		var want string
		if !valid(text) || json.Unmarshal([]byte(text), &want) != nil || strings.TrimSpace(text) == "null" {
			return
		}
		s := jsonscan.New(text)
		if got := s.String(); got != want || s.Err() != nil {
			t.Fatalf("%q: got string %q, want %q (%v)", text, got, want, s.Err())
		}
	})
}

func TestStringsSurviveBothWays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		want := strings.ToValidUTF8(text, "\uFFFD")
		quoted := jsonscan.AppendString([]byte("kept"), text)
		s := jsonscan.New(string(quoted[len("kept"):]))
		if got := s.String(); got != want || s.Err() != nil {
			t.Fatalf("got %q, want %q (%v)", got, want, s.Err())
		}
		var std string
		if err := json.Unmarshal(quoted[len("kept"):], &std); err != nil || std != want {
			t.Fatalf("encoding/json reads %q: %q, %v", quoted, std, err)
		}
	})
}

func TestAppendStringReplacesWhatIsNotUTF8(t *testing.T) {
	got := jsonscan.AppendString(nil, "a\xffb\x01\x7f")
	if want := `"a` + string(utf8.RuneError) + `b\u0001` + "\x7f" + `"`; string(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestMembersAndElements(t *testing.T) {
	s := jsonscan.New(` {"n": 12, "list": ["a", {"b": []}, true, false, null], "raw": {"x": [1]} , "name": "last"}`)
	got := map[string]any{}
	s.Object()
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		switch name {
		case "n":
			got[name] = s.Int64()
		case "list":
			var list []any
			s.Array()
			for s.Element() {
				switch s.Kind() {
				case jsonscan.String:
					list = append(list, s.String())
				case jsonscan.True, jsonscan.False:
					list = append(list, s.Bool())
				case jsonscan.Null:
					s.Null()
					list = append(list, nil)
				default:
					list = append(list, s.Raw())
				}
			}
			got[name] = list
		case "raw":
			got[name] = s.Raw()
		default:
			s.Skip()
		}
	}
	s.End()
	want := map[string]any{"n": int64(12), "list": []any{"a", `{"b": []}`, true, false, nil}, "raw": `{"x": [1]}`}
	if diff := cmp.Diff(want, got); diff != "" || s.Err() != nil {
		t.Errorf("(-want +got):\n%s%v", diff, s.Err())
	}
}

func TestErrorsStickAndSayWhere(t *testing.T) {
	s := jsonscan.New(`{"a": 1.5, "b": }`)
	s.Object()
	if _, ok := s.Member(); !ok {
		t.Fatal(s.Err())
	}
	if n := s.Int64(); n != 0 {
		t.Errorf("got %d of an error", n)
	}
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		t.Errorf("member %q after an error", name)
	}
	s.Skip()
	s.Fail("later")
	if got, want := s.Err().Error(), "number is not a 64-bit integer at byte 6"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestNestingIsBounded(t *testing.T) {
	if err := skip(strings.Repeat("[", 100_000)); err == nil || !strings.Contains(err.Error(), "nested too deeply") {
		t.Errorf("got %v", err)
	}
}

func TestAppendBase64(t *testing.T) {
	for _, test := range []struct{ text, want, problem string }{
		{`"aGVsbG8="`, "hello", ""},
		{`""`, "", ""},
		{`"Pz8\/"`, "???", ""},
		{`"\u0061GVsbG8="`, "hello", ""},
		{`"aGVsbG8"`, "", "string is not base64 at byte 0"},
		{"\"aGVs\nbG8=\"", "", "unescaped control character in a string at byte 5"},
		{`"aGVsbG8=`, "", "unexpected end of a string at byte 9"},
		{`12`, "", "unexpected '1', want a string at byte 0"},
	} {
		s := jsonscan.New(test.text)
		got := s.AppendBase64([]byte("kept "))
		s.End()
		problem := ""
		if s.Err() != nil {
			problem = s.Err().Error()
		}
		if problem != test.problem || problem == "" && string(got) != "kept "+test.want {
			t.Errorf("%s: got %q and %q, want %q and %q", test.text, got, problem, test.want, test.problem)
		}
	}
}

// The rivals read the same kind of text with no use for what is in it.
func BenchmarkSkip(b *testing.B) {
	text := `{"data":"` + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("payload ", 100))) + `","list":[1,2,3.5,true,null,"short","é"],"nested":{"a":{"b":{"c":"d"}}}}`
	b.Run("scanner", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if err := skip(text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("jsontext", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if !valid(text) {
				b.Fatal("invalid")
			}
		}
	})
}
