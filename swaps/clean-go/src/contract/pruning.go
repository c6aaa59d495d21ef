package contract

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Prune removes all but the newest artifacts, never a named or a held one.
func Prune(volume string, keep int64) error {
	return locked(volume, func() error {
		latest, err := readPointer(volume)
		if err != nil {
			return err
		}
		pinned, _ := os.ReadFile(filepath.Join(volume, "PINNED")) // mostly not there
		for i, path := range newestFirst(volume) {
			name := filepath.Base(path)
			if int64(i) < keep || name == latest || name == strings.TrimSpace(string(pinned)) {
				continue
			}
			if err := removeUnlessHeld(path, filepath.Join(path, "manifest.json")); err != nil {
				return err
			}
		}
		return nil
	})
}

func newestFirst(volume string) []string {
	manifests, _ := filepath.Glob(filepath.Join(volume, "*", "manifest.json")) // the pattern is right
	when := map[string]int64{}
	for _, manifest := range manifests {
		path := filepath.Dir(manifest)
		if info, err := os.Stat(manifest); err == nil && idPattern.MatchString(filepath.Base(path)) {
			when[path] = info.ModTime().UnixNano()
		}
	}
	paths := sortedKeys(when)
	slices.SortStableFunc(paths, func(a, b string) int { return int(min(max(when[b]-when[a], -1), 1)) })
	return paths
}
