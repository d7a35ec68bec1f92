package stage_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"transactional-outbox/stack/stage"
)

const definition = `
name: shop
runtime: go
config:
  size:
    type: integer
    default: 3
  limit:
    type: integer
    default: -1
  open:
    type: boolean
    default: true
  colour:
    type: string
    default: red
  aws:region: eu-west-1
  aws:maxRetries: 7
`

// write makes a project of Pulumi.yaml and, if text is not empty, Pulumi.test.yaml.
func write(t *testing.T, text string) string {
	t.Helper()
	root := t.TempDir()
	for name, content := range map[string]string{"Pulumi.yaml": definition, "Pulumi.test.yaml": text} {
		if content == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestLoadPutsTheStageOverTheDefaults(t *testing.T) {
	root := write(t, `
config:
  aws:region: eu-north-1
  shop:size: 5
  open: false
`)
	project, got, err := stage.Load(root, "test")
	if err != nil {
		t.Fatal(err)
	}
	if project != "shop" {
		t.Errorf("project %q, want shop", project)
	}
	want := map[string]string{
		"aws:region": "eu-north-1", "aws:maxRetries": "7",
		"shop:size": "5", "shop:limit": "-1", "shop:open": "false", "shop:colour": "red",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestLoadRefusesWhatTheProgramCannotRead(t *testing.T) {
	root := write(t, `
config:
  shop:colour: {secure: v1:AAAA}
  shop:sizes: 5
  shop:size: [1, 2]
`)
	_, _, err := stage.Load(root, "test")
	if err == nil {
		t.Fatal("no error")
	}
	want := filepath.Join(root, "Pulumi.test.yaml") + `:
  shop:colour: is a secret, which only the Pulumi CLI can decrypt
  shop:size: is not a plain value
  shop:sizes: is not a key of Pulumi.yaml`
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
}

func TestLoadNamesTheStagesThereAre(t *testing.T) {
	root := write(t, "config: {}\n")
	_, _, err := stage.Load(root, "prod")
	want := `no stage "prod": there is no ` + filepath.Join(root, "Pulumi.prod.yaml") + `; the stages are: test`
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestLoadSaysThatThereIsNoProject(t *testing.T) {
	if _, _, err := stage.Load(t.TempDir(), "test"); err == nil {
		t.Error("no error")
	}
}

func TestListLeavesTheProjectOut(t *testing.T) {
	if diff := cmp.Diff([]string{"test"}, stage.List(write(t, "config: {}\n"))); diff != "" {
		t.Errorf("stages (-want +got):\n%s", diff)
	}
}
