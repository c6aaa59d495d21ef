package contract

import (
	"encoding/json"
	"io/fs"
	"regexp"
	"strings"
)

// Manifest is what a stage needs to know of another stage's manifest.json.
type Manifest struct {
	Contract string            `json:"contract"`
	Kind     string            `json:"kind"`
	ID       string            `json:"id"`
	Content  string            `json:"content"`
	Stage    StageInfo         `json:"stage"`
	Settings string            `json:"settings"`
	Inputs   []Input           `json:"inputs"`
	Lineage  []json.RawMessage `json:"lineage"`
	Rows     int64             `json:"rows"`
	Metrics  map[string]any    `json:"metrics"`
	Files    []File            `json:"files"`
}

// StageInfo says who wrote an artifact.
type StageInfo struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Build   string `json:"build"`
}

var (
	idPattern     = regexp.MustCompile(`^[0-9a-f]{16}$`)
	sha256Pattern = regexp.MustCompile(`^[0-9a-f]{64}$`)
	beside        = []string{"manifest.json", "run.json", "verdict.json"}
)

// checkVersion comes before all else, since another major may look quite different.
func checkVersion(name string, text []byte) error {
	var header struct {
		Contract string `json:"contract"`
	}
	if err := json.Unmarshal(text, &header); err != nil || header.Contract == "" {
		return BadInput("%s: not a manifest; run the stage that writes it again", name)
	}
	if !strings.HasPrefix(header.Contract, "1.") {
		return BadInput("%s: written for contract %s, this image reads %s; update the older of the two images", name, header.Contract, Version)
	}
	return nil
}

func (m *Manifest) check(name string) error {
	if !idPattern.MatchString(m.ID) || m.Kind == "" || m.Stage.Name == "" || len(m.Lineage) == 0 || len(m.Files) == 0 || m.Rows < 0 {
		return BadInput("%s: id, kind, stage, lineage, rows or files are missing or wrong; run the stage that writes it again", name)
	}
	seen := map[string]bool{}
	for _, file := range m.Files {
		if !fs.ValidPath(file.Path) || file.Path == "." || strings.Contains(file.Path, "\n") {
			return BadInput("%s: path %q leaves the artifact; run the stage that writes it again", name, file.Path)
		}
		if seen[file.Path] || !sha256Pattern.MatchString(file.SHA256) {
			return BadInput("%s: the entry of %s is wrong or repeated; run the stage that writes it again", name, file.Path)
		}
		seen[file.Path] = true
	}
	if ContentDigest(m.Files) != m.Content {
		return BadInput("%s: content is not the digest of files; run the stage that writes it again", name)
	}
	return nil
}

// Ancestor returns the lineage entry of an artifact that is read.
func (m *Manifest) Ancestor() (json.RawMessage, error) {
	// As a map, an empty one is left out.
	reasons, _ := m.Metrics["rejected_by_reason"].(map[string]any)
	return json.Marshal(struct {
		Stage    string         `json:"stage"`
		Kind     string         `json:"kind"`
		Content  string         `json:"content"`
		Rows     int64          `json:"rows"`
		Rejected any            `json:"rejected"`
		Reasons  map[string]any `json:"rejected_by_reason,omitempty"`
	}{m.Stage.Name, m.Kind, m.Content, m.Rows, m.Metrics["rejected"], reasons})
}
