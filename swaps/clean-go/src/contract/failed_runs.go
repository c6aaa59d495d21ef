package contract

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// RecordFailure leaves FAILED.json for whoever looks at the volume.
func RecordFailure(volume, stage string, code int, line string) error {
	cause, hint, _ := strings.Cut(line, "; ")
	text, err := Pretty(struct {
		Stage string `json:"stage"`
		Code  int    `json:"exit_code"`
		Cause string `json:"cause"`
		Hint  string `json:"hint"`
		When  string `json:"when"`
	}{stage, code, cause, hint, time.Now().UTC().Format(time.RFC3339)})
	if err != nil {
		return err
	}
	return locked(volume, func() error { return replaceFile(filepath.Join(volume, "FAILED.json"), text) })
}

// forgetEarlierRuns removes what a failed run left, and what a stage with a gate, which this is not, refused.
func forgetEarlierRuns(volume string) error {
	for _, name := range []string{"FAILED.json", "REFUSED"} {
		if err := os.Remove(filepath.Join(volume, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
