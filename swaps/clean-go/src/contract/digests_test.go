package contract

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// digests is the contract's digests.json.
type digests struct {
	Content []struct {
		About   string
		Files   []File
		Content string
	}
	Settings []struct {
		About  string
		Values any
		Text   string
	}
	ID []struct {
		About, Kind, Build, Settings, ID string
		Inputs                           [][2]string
	}
}

func readDigests(t *testing.T) digests {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(os.Getenv("VECTORS"), "digests.json"))
	if err != nil {
		t.Fatalf("set VECTORS to contract/examples/vectors: %s", err)
	}
	var vectors digests
	// Numbers as they are written: 1.0 is not 1.
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors.Content) == 0 || len(vectors.Settings) == 0 || len(vectors.ID) == 0 {
		t.Fatal("no vectors were read")
	}
	return vectors
}

func TestContentIsTheContractsDigest(t *testing.T) {
	for _, vector := range readDigests(t).Content {
		if got := ContentDigest(vector.Files); got != vector.Content {
			t.Errorf("%s: got %s", vector.About, got)
		}
	}
}

func TestSettingsAreTheContractsText(t *testing.T) {
	for _, vector := range readDigests(t).Settings {
		got, err := SettingsText(vector.Values)
		if err != nil || got != vector.Text {
			t.Errorf("%s: got %s, %v", vector.About, got, err)
		}
	}
}

func TestAnIdFollowsFromTheCause(t *testing.T) {
	asked := 0
	for _, vector := range readDigests(t).ID {
		if vector.Kind == "raw-data" {
			continue // ingest's own, whose inputs are files
		}
		asked++
		inputs := make([]Input, len(vector.Inputs))
		for i, input := range vector.Inputs {
			inputs[i] = Input{input[0], input[1]}
		}
		if got := ArtifactID(vector.Kind, vector.Build, vector.Settings, inputs); got != vector.ID {
			t.Errorf("%s: got %s", vector.About, got)
		}
	}
	if asked == 0 {
		t.Error("no vector was asked")
	}
}

func TestNumbersOfSettingsAreWrittenAsPythonDoes(t *testing.T) {
	for number, expected := range map[float64]string{
		1: "1.0", 0.1: "0.1", -2.5: "-2.5", 1e15: "1000000000000000.0", 1e16: "1e+16", 1.5e-7: "1.5e-07", 0.0001: "0.0001", 0: "0.0",
	} {
		if got := string(AppendNumber(nil, number)); got != expected {
			t.Errorf("got %s, expected %s", got, expected)
		}
	}
}
