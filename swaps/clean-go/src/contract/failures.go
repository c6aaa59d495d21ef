// Package contract is the stage contract: artifacts in and out, settings, exit codes.
package contract

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// Failure is what a user can fix: one line, and the exit code that goes with it.
type Failure struct {
	Code int
	Line string
}

func (f *Failure) Error() string { return strings.Join(strings.Fields(f.Line), " ") }

// BadInput: the input breaks the contract.
func BadInput(format string, facts ...any) error { return &Failure{65, fmt.Sprintf(format, facts...)} }

// NotReproducible: a forced rerun gave other bytes.
func NotReproducible(format string, facts ...any) error {
	return &Failure{70, fmt.Sprintf(format, facts...)}
}

// BadOutput: the output cannot be written.
func BadOutput(format string, facts ...any) error { return &Failure{73, fmt.Sprintf(format, facts...)} }

// BadSetting: a setting is wrong.
func BadSetting(format string, facts ...any) error {
	return &Failure{78, fmt.Sprintf(format, facts...)}
}

var noRoom = []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, syscall.EROFS}

// AsFailure returns what a user can fix about an error, or nil: then it is a bug.
func AsFailure(err error, out string) *Failure {
	var failure *Failure
	if errors.As(err, &failure) {
		return failure
	}
	place := out
	var path *fs.PathError
	if errors.As(err, &path) {
		place = path.Path
	}
	for _, reason := range noRoom {
		if errors.Is(err, reason) {
			return BadOutput("%s: cannot be written (%s); free space or fix its owner", place, reason).(*Failure)
		}
	}
	if !errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if place == out || strings.HasPrefix(place, out+"/") {
		return BadOutput("%s: not writable for uid %d; the image must create %s for it", place, os.Getuid(), out).(*Failure)
	}
	return BadInput("%s: not readable for uid %d; on the host: chmod a+r on this file alone, a+x on the folders that lead to it", place, os.Getuid()).(*Failure)
}

// IsEnded tells whether an error is a signal's doing.
func IsEnded(err error) bool { return errors.Is(err, context.Canceled) }
