package contract

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

var stages = []string{"ingest", "clean", "features", "train", "serve"}

const defaultKeep = 5

// Pipeline is a stage's table of the pipeline file.
type Pipeline struct {
	File  string
	Table map[string]any
	Keep  int64
}

// ReadPipeline reads the table of a stage from the file that PIPELINE and STAGE_CONFIG name.
func ReadPipeline(stage string) (*Pipeline, error) {
	name := Variable("PIPELINE", "diamonds")
	path := filepath.Join(Variable("STAGE_CONFIG", "/config"), name+".toml")
	content, err := readTOML(path)
	if err != nil {
		return nil, err
	}
	file := filepath.Base(path)
	if err := checkTop(file, content); err != nil {
		return nil, err
	}
	table, _ := content[stage].(map[string]any) // absent: all defaults
	pipeline := &Pipeline{File: file, Table: map[string]any{}, Keep: defaultKeep}
	for key, value := range table {
		if key != "keep" {
			pipeline.Table[key] = value
			continue
		}
		keep, isNumber := value.(int64)
		if !isNumber || keep < 1 {
			return nil, BadSetting("%s: [%s] keep = %v: expected 1 or more", file, stage, value)
		}
		pipeline.Keep = keep
	}
	return pipeline, nil
}

// Variable returns an environment variable, or what stands for it when it is empty.
func Variable(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func readTOML(path string) (map[string]any, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		others, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*.toml")) // the pattern is right
		for i, other := range others {
			others[i] = filepath.Base(other)
		}
		return nil, BadSetting("%s: no such pipeline file%s", path, DidYouMean(filepath.Base(path), others))
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, BadSetting("%s: not readable for uid %d; on the host: chmod a+r pipelines/%s", path, os.Getuid(), filepath.Base(path))
	}
	if err != nil {
		return nil, err
	}
	var content map[string]any
	// Some editors put a byte order mark in front.
	if err := toml.Unmarshal([]byte(strings.TrimPrefix(string(text), "\ufeff")), &content); err != nil {
		return nil, BadSetting("%s: not TOML: %s", filepath.Base(path), err)
	}
	return content, nil
}

func checkTop(file string, content map[string]any) error {
	if name, isGiven := content["name"]; isGiven {
		if text, isText := name.(string); !isText || text == "" {
			return BadSetting("%s: name = %v: expected a text", file, name)
		}
	}
	others := []string{"source", "target", "name"}
	for _, key := range sortedKeys(content) {
		if slices.Contains(others, key) {
			continue
		}
		if !slices.Contains(stages, key) {
			return BadSetting("%s: %s is not a stage or key%s", file, key, DidYouMean(key, append(slices.Clone(stages), others...)))
		}
		if _, isTable := content[key].(map[string]any); !isTable {
			return BadSetting("%s: %s must be a table, written [%s]", file, key, key)
		}
	}
	return nil
}

// DidYouMean returns a hint with the nearest known name, or nothing if none is near.
func DidYouMean(name string, known []string) string {
	nearest, least := "", len(name)/3+2
	for _, candidate := range known {
		if distance := editDistance(name, candidate); distance < least {
			nearest, least = candidate, distance
		}
	}
	if nearest == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %s?", nearest)
}

// editDistance counts the letters to insert, remove or replace.
func editDistance(a, b string) int {
	letters := []rune(b)
	row := make([]int, len(letters)+1)
	for j := range row {
		row[j] = j
	}
	for i, letter := range []rune(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j, other := range letters {
			cost := 1
			if letter == other {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(letters)]
}
