package contract

import (
	"os"
	"path/filepath"
)

// Skip tells whether this very cause was published before; LATEST then names it unless the volume is pinned.
func Skip(log *Log, volume string, cause Manifest) (published *Artifact, isLatest bool, err error) {
	path := filepath.Join(volume, cause.ID)
	if _, err := os.Stat(path); err != nil {
		return nil, false, nil // never published: the usual case
	}
	err = locked(volume, func() error {
		artifact, err := openArtifact(path)
		if err != nil {
			log.Warn("the artifact of this cause is damaged and is made again: " + err.Error())
			return nil
		}
		defer artifact.Release()
		published = artifact
		if isLatest, err = pointTo(volume, cause.ID); err != nil {
			return err
		}
		return removeDeadDrafts(volume)
	})
	if err == nil && published != nil {
		err = forgetEarlierRuns(volume)
	}
	return published, isLatest, err
}
