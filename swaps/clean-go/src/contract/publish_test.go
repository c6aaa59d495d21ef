package contract

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var cause = Manifest{
	Contract: Version, Kind: "clean-data", ID: "0123456789abcdef", Stage: StageInfo{Name: "clean", Version: "1"},
	Settings: "{}", Lineage: []json.RawMessage{[]byte(`{"source": "a.csv"}`)},
}

func publishText(t *testing.T, volume, text string) error {
	t.Helper()
	draft, err := OpenDraft(volume)
	if err != nil {
		t.Fatal(err)
	}
	defer draft.Close()
	if err := os.WriteFile(filepath.Join(draft.Path, "table"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, err = draft.Publish(t.Context(), volume, cause, nil)
	return err
}

func TestOtherBytesOfTheSameCauseAreRefusedAndBothAreKept(t *testing.T) {
	volume := t.TempDir()
	for _, text := range []string{"a", "a"} {
		if err := publishText(t, volume, text); err != nil {
			t.Fatal(err)
		}
	}

	err := publishText(t, volume, "b")

	var failure *Failure
	if !errors.As(err, &failure) || failure.Code != 70 {
		t.Fatalf("got %v", err)
	}
	published, err := OpenLatest(volume, "clean-data")
	if err != nil {
		t.Fatal(err)
	}
	defer published.Release()
	if err := published.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	kept, _ := filepath.Glob(filepath.Join(volume, ".differs-"+cause.ID+"-*", "table"))
	if len(kept) != 1 {
		t.Fatalf("kept: %v", kept)
	}
	if text, _ := os.ReadFile(kept[0]); string(text) != "b" {
		t.Errorf("kept %q", text)
	}
}

func TestADamagedArtifactIsReplaced(t *testing.T) {
	volume := t.TempDir()
	if err := publishText(t, volume, "a"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(volume, cause.ID, "table"), []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}

	if err := publishText(t, volume, "a"); err != nil {
		t.Fatal(err)
	}

	text, err := os.ReadFile(filepath.Join(volume, cause.ID, "table"))
	if err != nil || string(text) != "a" {
		t.Errorf("got %q, %v", text, err)
	}
	if drafts, _ := filepath.Glob(filepath.Join(volume, ".draft-*")); len(drafts) != 0 {
		t.Errorf("left: %v", drafts)
	}
}

func TestAnArtifactThatAReaderHoldsIsNotPruned(t *testing.T) {
	volume := t.TempDir()
	if err := publishText(t, volume, "a"); err != nil {
		t.Fatal(err)
	}
	held, err := OpenLatest(volume, "clean-data")
	if err != nil {
		t.Fatal(err)
	}
	newer := cause
	newer.ID = "fedcba9876543210"
	if err := os.Rename(filepath.Join(volume, cause.ID), filepath.Join(volume, newer.ID)); err != nil {
		t.Fatal(err)
	}
	if err := publishText(t, volume, "a"); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(volume, newer.ID)

	if err := Prune(volume, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); err != nil {
		t.Errorf("it was pruned while it was held: %v", err)
	}
	held.Release()
	if err := Prune(volume, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("it was not pruned when it was free")
	}
}

func TestTheLineageHasReasonsUnlessNoRowWasRejected(t *testing.T) {
	for metrics, want := range map[string]bool{
		`{"rejected": 2, "rejected_by_reason": {"type": 2}}`: true,
		`{"rejected": 0, "rejected_by_reason": {}}`:          false,
		`{"rejected": null}`:                                 false,
	} {
		manifest := cause
		if err := json.Unmarshal([]byte(metrics), &manifest.Metrics); err != nil {
			t.Fatal(err)
		}
		ancestor, err := manifest.Ancestor()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(string(ancestor), "rejected_by_reason"); got != want {
			t.Errorf("%s: %s", metrics, ancestor)
		}
	}
}
