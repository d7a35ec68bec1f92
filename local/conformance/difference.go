package conformance

import (
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Difference is a row of a table in docs/conformance.md: a call to which an engine and its witness answer differently, on purpose.
type Difference struct {
	// ID is the name by which scripts refer to the row.
	ID string
	// Call is the operation, several with spaces in between, or "any".
	Call string
	// Ours and Theirs are the answers as View words them, where … stands for any text.
	Ours, Theirs string
	// Reason says why, for readers.
	Reason string

	ours, theirs *regexp.Regexp
}

// Matches reports whether answers to a call are those of the row.
func (d *Difference) Matches(call, ours, theirs string) bool {
	return (d.Call == "any" || strings.Contains(" "+d.Call+" ", " "+call+" ")) && d.ours.MatchString(ours) && d.theirs.MatchString(theirs)
}

// find returns the first row that answers to a call match, nil if there is none.
func find(rows []*Difference, call, ours, theirs string) *Difference {
	for _, row := range rows {
		if row.Matches(call, ours, theirs) {
			return row
		}
	}
	return nil
}

// LoadDifferences reads the rows of the table under the heading "## <section>" of a Markdown file: | id | call | ours | theirs | reason |, the answers
// in backquotes.
func LoadDifferences(path, section string) ([]*Difference, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	_, rest, ok := strings.Cut(string(text), "\n## "+section+"\n")
	if !ok {
		return nil, fmt.Errorf("%s: no heading ## %s", path, section)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	var out []*Difference
	for _, line := range strings.Split(rest, "\n") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if !strings.HasPrefix(line, "| ") || cells[0] == "id" {
			continue
		}
		if len(cells) != 5 {
			return nil, fmt.Errorf("%s: %d cells, want 5: %s", path, len(cells), line)
		}
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		d := &Difference{ID: strings.Trim(cells[0], "`"), Call: cells[1], Ours: strings.Trim(cells[2], "`"), Theirs: strings.Trim(cells[3], "`"), Reason: cells[4]}
		d.ours, d.theirs = pattern(d.Ours), pattern(d.Theirs)
		out = append(out, d)
	}
	return out, nil
}

// pattern compiles an answer in which … stands for any text.
func pattern(answer string) *regexp.Regexp {
	return regexp.MustCompile(`^` + strings.ReplaceAll(regexp.QuoteMeta(answer), "…", `.*`) + `$`)
}
