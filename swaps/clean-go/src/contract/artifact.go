package contract

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// Artifact is a published directory whose manifest and list of files are right.
type Artifact struct {
	Path     string
	Manifest Manifest
	held     *os.File
}

// OpenLatest opens and holds the artifact that LATEST names; pruning waits until Release.
func OpenLatest(volume, kind string) (*Artifact, error) {
	for {
		id, err := readPointer(volume)
		if err != nil {
			return nil, err
		}
		if id == "" {
			return nil, BadInput("%s: no LATEST file, so no %s was published here yet; run the stage that writes it first", volume, kind)
		}
		artifact, err := openArtifact(filepath.Join(volume, id))
		if err != nil {
			// A writer may have published and pruned since; then LATEST names another one by now.
			if now, _ := readPointer(volume); now != id {
				continue
			}
			return nil, err
		}
		if artifact.Manifest.Kind != kind {
			artifact.Release()
			return nil, BadInput("%s: holds %s, expected %s; check which volume is mounted here", artifact.Path, artifact.Manifest.Kind, kind)
		}
		return artifact, nil
	}
}

func readPointer(volume string) (string, error) {
	text, err := os.ReadFile(filepath.Join(volume, "LATEST"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if errors.Is(err, syscall.EISDIR) {
		return "", BadInput("%s/LATEST: is a folder; expected a file with an id", volume)
	}
	if err != nil {
		return "", err
	}
	id := strings.TrimSpace(string(text))
	if !idPattern.MatchString(id) {
		return "", BadInput("%s/LATEST: %.40q is not an id of 16 hex digits; run the stage that writes it again", volume, id)
	}
	return id, nil
}

func openArtifact(path string) (*Artifact, error) {
	file, err := os.Open(filepath.Join(path, "manifest.json"))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, BadInput("%s: no manifest.json; run the stage that writes it again", path)
	}
	if err != nil {
		return nil, err
	}
	artifact := &Artifact{Path: path, held: file}
	if err := artifact.load(); err != nil {
		file.Close()
		return nil, err
	}
	return artifact, nil
}

func (a *Artifact) load() error {
	if err := syscall.Flock(int(a.held.Fd()), syscall.LOCK_SH); err != nil {
		return err
	}
	// Whoever prunes holds the lock until the artifact has lost its name.
	name := filepath.Join(a.Path, "manifest.json")
	text, err := os.ReadFile(name)
	if err != nil {
		return BadInput("%s: was removed while it was opened; run this stage again", a.Path)
	}
	if err := checkVersion(name, text); err != nil {
		return err
	}
	if err := json.Unmarshal(text, &a.Manifest); err != nil {
		return BadInput("%s: not a manifest (%s); run the stage that writes it again", name, err)
	}
	if err := a.Manifest.check(name); err != nil {
		return err
	}
	return a.checkFiles()
}

// Release lets the artifact be pruned again.
func (a *Artifact) Release() { a.held.Close() }

// checkFiles compares names and sizes with the manifest; it reads no data.
func (a *Artifact) checkFiles() error {
	missing := map[string]int64{}
	for _, file := range a.Manifest.Files {
		missing[file.Path] = file.Bytes
	}
	err := filepath.WalkDir(a.Path, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(a.Path, path)
		if err != nil {
			return err
		}
		if !entry.Type().IsRegular() {
			return BadInput("%s: is a link or no plain file; run the stage that writes it again", path)
		}
		if slices.Contains(beside, name) {
			return nil
		}
		size, isListed := missing[name]
		if !isListed {
			return BadInput("%s: is not in the manifest; run the stage that writes it again", path)
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.Size() != size {
			return BadInput("%s: has %d bytes, the manifest says %d; run the stage that writes it again", path, info.Size(), size)
		}
		delete(missing, name)
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range sortedKeys(missing) {
		return BadInput("%s/%s: is listed in the manifest but not there; run the stage that writes it again", a.Path, name)
	}
	return nil
}

// Verify checks the hash of every file.
func (a *Artifact) Verify(ctx context.Context) error {
	for _, file := range a.Manifest.Files {
		path := filepath.Join(a.Path, file.Path)
		found, err := FileDigest(ctx, path)
		if err != nil {
			return err
		}
		if found != file.SHA256 {
			return BadInput("%s: its SHA-256 is not the one in the manifest; run the stage that writes it again", path)
		}
	}
	return nil
}

// Parts returns the paths of the files in a folder, sorted by their bytes.
func (a *Artifact) Parts(folder string) []string {
	var paths []string
	for _, file := range a.Manifest.Files {
		if strings.HasPrefix(file.Path, folder+"/") {
			paths = append(paths, filepath.Join(a.Path, file.Path))
		}
	}
	slices.Sort(paths)
	return paths
}
