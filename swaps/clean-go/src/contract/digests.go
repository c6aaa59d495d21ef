package contract

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// Version of the contract that this stage writes; it reads its major.
const Version = "1.0"

// File is one entry of a manifest's `files`.
type File struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Input is one entry of a manifest's `inputs`.
type Input struct {
	Kind    string `json:"kind"`
	Content string `json:"content"`
}

// ContentDigest returns the digest over what sha256sum prints of an artifact's files.
func ContentDigest(files []File) string {
	sorted := slices.Clone(files)
	slices.SortFunc(sorted, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	digest := sha256.New()
	for _, file := range sorted {
		fmt.Fprintf(digest, "%s  %s\n", file.SHA256, file.Path)
	}
	return hex.EncodeToString(digest.Sum(nil))
}

// ArtifactID returns the id that a cause leads to: the same cause, the same id.
func ArtifactID(kind, build, settings string, inputs []Input) string {
	lines := fmt.Sprintf("contract 1\nkind %s\nbuild %s\nsettings %x\n", kind, build, sha256.Sum256([]byte(settings)))
	sorted := slices.Clone(inputs)
	slices.SortFunc(sorted, func(a, b Input) int { return strings.Compare(a.Kind, b.Kind) })
	for _, input := range sorted {
		lines += fmt.Sprintf("input %s %s\n", input.Kind, input.Content)
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(lines)))[:16]
}

// FileDigest returns the SHA-256 of a file; a signal ends it.
func FileDigest(ctx context.Context, path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	digest := sha256.New()
	for {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		_, err := io.CopyN(digest, file, 8<<20)
		if err == io.EOF {
			return hex.EncodeToString(digest.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
	}
}

// BuildDigest returns the digest of this very program: a static binary is all that it depends on.
func BuildDigest(ctx context.Context) (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	return FileDigest(ctx, program)
}
