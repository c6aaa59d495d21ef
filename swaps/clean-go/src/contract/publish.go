package contract

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const differsPrefix = ".differs-"

// Draft is a publication in progress: the stage fills Path and says what it counted.
type Draft struct {
	Path    string
	Rows    int64
	Metrics map[string]any
	held    *os.File
}

// OpenDraft makes an empty draft on the output volume and removes those of dead runs.
func OpenDraft(volume string) (*Draft, error) {
	name := make([]byte, 8)
	rand.Read(name) // never fails
	draft := &Draft{Path: filepath.Join(volume, draftPrefix+hex.EncodeToString(name))}
	err := locked(volume, func() error {
		if err := removeDeadDrafts(volume); err != nil {
			return err
		}
		if err := os.Mkdir(draft.Path, 0o755); err != nil {
			return err
		}
		var err error
		draft.held, err = tryLock(draft.Path)
		return err
	})
	return draft, err
}

// Close removes whatever is left of the draft.
func (d *Draft) Close() {
	d.held.Close()
	os.RemoveAll(d.Path)
}

// Publish turns the draft into the artifact of its cause, all at once, and tells whether LATEST names it now.
func (d *Draft) Publish(ctx context.Context, volume string, cause Manifest, run map[string]any) (Manifest, bool, error) {
	manifest := cause
	manifest.Rows, manifest.Metrics = d.Rows, d.Metrics
	var err error
	if manifest.Files, err = listFiles(ctx, d.Path); err != nil {
		return manifest, false, err
	}
	manifest.Content = ContentDigest(manifest.Files)
	if err := d.describe(manifest, run); err != nil {
		return manifest, false, err
	}
	isLatest := false
	err = locked(volume, func() error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := d.takePlace(ctx, volume, manifest); err != nil {
			return err
		}
		isLatest, err = pointTo(volume, manifest.ID)
		return err
	})
	if err != nil {
		return manifest, false, err
	}
	return manifest, isLatest, forgetEarlierRuns(volume)
}

func (d *Draft) describe(manifest Manifest, run map[string]any) error {
	for name, value := range map[string]any{"manifest.json": manifest, "run.json": run} {
		text, err := Pretty(value)
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(d.Path, name), text); err != nil {
			return err
		}
	}
	return filepath.WalkDir(d.Path, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return syncPath(path)
	})
}

// takePlace gives the draft its name, unless the same content is there already and is whole.
func (d *Draft) takePlace(ctx context.Context, volume string, manifest Manifest) error {
	target := filepath.Join(volume, manifest.ID)
	if _, err := os.Lstat(target); err == nil {
		published, err := openArtifact(target)
		if err == nil {
			defer published.Release()
			err = published.Verify(ctx)
		}
		if IsEnded(err) {
			return err
		}
		if err == nil && published.Manifest.Content == manifest.Content {
			return nil
		}
		if err == nil {
			return d.keepBoth(volume, manifest, published.Manifest.Content)
		}
		damaged := filepath.Join(volume, draftPrefix+"damaged-"+manifest.ID)
		if err := os.Rename(target, damaged); err != nil {
			return err
		}
		defer os.RemoveAll(damaged)
	}
	if err := os.Rename(d.Path, target); err != nil {
		return err
	}
	return syncPath(volume)
}

// keepBoth keeps what a forced run made otherwise beside what was published, to compare.
func (d *Draft) keepBoth(volume string, manifest Manifest, published string) error {
	olders, err := filepath.Glob(filepath.Join(volume, differsPrefix+"*"))
	if err != nil {
		return err
	}
	for _, older := range olders {
		if err := os.RemoveAll(older); err != nil {
			return err
		}
	}
	kept := fmt.Sprintf("%s%s-%.8s", differsPrefix, manifest.ID, manifest.Content)
	if err := os.Rename(d.Path, filepath.Join(volume, kept)); err != nil {
		return err
	}
	return NotReproducible("%s was published with content %.12s, the same cause now gave %.12s; the new one is kept as %s to compare", manifest.ID, published, manifest.Content, kept)
}

func listFiles(ctx context.Context, root string) ([]File, error) {
	var files []File
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if err := syncPath(path); err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		digest, err := FileDigest(ctx, path)
		files = append(files, File{name, info.Size(), digest})
		return err
	})
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files, err
}
