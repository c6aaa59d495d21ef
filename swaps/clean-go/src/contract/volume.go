package contract

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

const draftPrefix = ".draft-"

// CheckWritable refuses an output that this process cannot write to.
func CheckWritable(out string) error {
	const readWriteSearch = 7
	if err := syscall.Access(out, readWriteSearch); err != nil {
		return BadOutput("%s: not writable for uid %d (%s); the image must create it with owner 10001:10001", out, os.Getuid(), err)
	}
	return nil
}

// locked keeps other writers of a volume out while work is done.
func locked(volume string, work func() error) error {
	folder, err := os.Open(volume)
	if err != nil {
		return err
	}
	defer folder.Close()
	if err := syscall.Flock(int(folder.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	return work()
}

// tryLock returns an open, locked file or folder, or nil if somebody else holds its lock.
func tryLock(path string) (*os.File, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return file, nil
	}
	file.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return nil, err
}

// removeDeadDrafts removes what nobody holds the lock of. Call it while the volume is locked.
func removeDeadDrafts(volume string) error {
	names, err := filepath.Glob(filepath.Join(volume, draftPrefix+"*"))
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := removeUnlessHeld(name, name); err != nil {
			return err
		}
	}
	return nil
}

// removeUnlessHeld removes a path unless somebody holds the lock of a file in it.
func removeUnlessHeld(path, lock string) error {
	held, err := tryLock(lock)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || held == nil {
		return err
	}
	defer held.Close()
	doomed := path
	if path != lock {
		// Renamed under its lock, so that a reader who waits for the lock finds it gone.
		doomed = filepath.Join(filepath.Dir(path), draftPrefix+filepath.Base(path))
		if err := os.Rename(path, doomed); err != nil {
			return err
		}
	}
	return os.RemoveAll(doomed)
}

// pointTo makes an artifact the latest; a pinned volume stays where it is. It tells whether LATEST names it now.
func pointTo(volume, id string) (bool, error) {
	latest, err := readPointer(volume)
	if err == nil && latest == id {
		return true, nil
	}
	if _, err := os.Stat(filepath.Join(volume, "PINNED")); err == nil {
		return false, nil
	}
	return true, replaceFile(filepath.Join(volume, "LATEST"), []byte(id+"\n"))
}

// replaceFile writes a file so that a reader sees the old text or the new one, and it survives a crash.
func replaceFile(path string, text []byte) error {
	folder := filepath.Dir(path)
	draft := filepath.Join(folder, draftPrefix+filepath.Base(path)+"-"+strconv.Itoa(os.Getpid()))
	defer os.Remove(draft)
	if err := writeFile(draft, text); err != nil {
		return err
	}
	if err := os.Rename(draft, path); err != nil {
		return err
	}
	return syncPath(folder)
}

func writeFile(path string, text []byte) error {
	if err := os.WriteFile(path, text, 0o644); err != nil {
		return err
	}
	return syncPath(path)
}

// syncPath makes a file's bytes, or a folder's names, survive a crash.
func syncPath(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	return file.Sync()
}
