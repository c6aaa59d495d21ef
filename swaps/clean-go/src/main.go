// The clean stage in Go: reads raw-data from /data/in, writes clean-data to /data/out.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"stagecoach/cleaning"
	"stagecoach/contract"
)

const (
	stage   = "clean"
	version = "0.2.0"
	usage   = `usage: clean [--force] [--help] [--version]

The clean stage in Go: reads raw-data from /data/in, writes clean-data to /data/out.
Settings: the table [clean] of /config/$PIPELINE.toml.

--force    work anew even if nothing changed, and compare the bytes; as STAGE_FORCE=1
`
)

func main() {
	force := os.Getenv("STAGE_FORCE") == "1"
	for _, argument := range os.Args[1:] {
		switch argument {
		case "--force":
			force = true
		case "-h", "--help":
			fmt.Print(usage)
			return
		case "--version":
			fmt.Println(stage, version)
			return
		default:
			fmt.Printf("%s: no such argument; expected --force or --help\n", argument)
			os.Exit(78)
		}
	}
	limitMemory()
	os.Exit(run(force))
}

// run does what is due and returns the exit code; a bug panics, with a traceback.
func run(force bool) int {
	ctx, caught := endOnSignals()
	log := &contract.Log{Out: os.Stdout, Stage: stage, AsJSON: os.Getenv("LOG_FORMAT") == "json"}
	out := contract.Variable("STAGE_OUT", "/data/out")
	err := contract.CheckWritable(out)
	if err == nil {
		err = work(ctx, log, out, force)
	}
	if err == nil {
		return 0
	}
	if contract.IsEnded(err) {
		return 128 + int(caught.Load())
	}
	failure := contract.AsFailure(err, out)
	isBug := failure == nil
	if isBug {
		failure = &contract.Failure{Code: 2, Line: err.Error()}
	}
	if unwritten := contract.RecordFailure(out, stage, failure.Code, failure.Error()); unwritten != nil {
		log.Warn("FAILED.json could not be written: " + unwritten.Error())
	}
	if isBug {
		panic(err)
	}
	log.Error(failure.Error(), failure.Code)
	return failure.Code
}

func work(ctx context.Context, log *contract.Log, out string, force bool) error {
	started := time.Now()
	pipeline, err := contract.ReadPipeline(stage)
	if err != nil {
		return err
	}
	settings, err := cleaning.ReadSettings(pipeline)
	if err != nil {
		return err
	}
	source, err := contract.OpenLatest(contract.Variable("STAGE_IN", "/data/in"), "raw-data")
	if err != nil {
		return err
	}
	defer source.Release()
	cause, err := causeOf(ctx, source, settings)
	if err != nil {
		return err
	}
	if !force {
		published, isLatest, err := contract.Skip(log, out, cause)
		if err != nil {
			return err
		}
		if published != nil {
			facts := map[string]any{"artifact": cause.ID, "skipped": true}
			log.Info(facts, "unchanged%s: clean-data %s, %s rows", pinned(isLatest), cause.ID, contract.Thousands(published.Manifest.Rows))
			return nil
		}
	}
	if err := source.Verify(ctx); err != nil {
		return err
	}
	draft, err := contract.OpenDraft(out)
	if err != nil {
		return err
	}
	defer draft.Close()
	if err := cleaning.Clean(ctx, log, source, draft, settings); err != nil {
		return err
	}
	manifest, isLatest, err := draft.Publish(ctx, out, cause, aboutRun(source, draft.Rows, started))
	if err != nil {
		return err
	}
	facts := map[string]any{"artifact": manifest.ID, "rows": manifest.Rows}
	log.Info(facts, "published%s clean-data %s, %s rows  %.1f s", pinned(isLatest), manifest.ID, contract.Thousands(manifest.Rows), time.Since(started).Seconds())
	return contract.Prune(out, pipeline.Keep)
}

// causeOf returns the part of the manifest that is known before the work.
func causeOf(ctx context.Context, source *contract.Artifact, settings *cleaning.Settings) (contract.Manifest, error) {
	build, err := contract.BuildDigest(ctx)
	if err != nil {
		return contract.Manifest{}, err
	}
	ancestor, err := source.Manifest.Ancestor()
	inputs := []contract.Input{{Kind: source.Manifest.Kind, Content: source.Manifest.Content}}
	return contract.Manifest{
		Contract: contract.Version,
		Kind:     "clean-data",
		ID:       contract.ArtifactID("clean-data", build, settings.Text, inputs),
		Stage:    contract.StageInfo{Name: stage, Version: version, Build: build},
		Settings: settings.Text,
		Inputs:   inputs,
		Lineage:  append(append([]json.RawMessage{}, source.Manifest.Lineage...), ancestor),
	}, err
}

// aboutRun is what may differ between equal runs.
func aboutRun(source *contract.Artifact, rows int64, started time.Time) map[string]any {
	host, _ := os.Hostname() // a container without a name is no failure
	seconds := time.Since(started).Seconds()
	return map[string]any{
		"ancestors": []string{source.Manifest.ID}, "finished": time.Now().UTC().Format(time.RFC3339), "seconds": seconds,
		"rows_per_second": float64(rows) / seconds, "host": host,
	}
}

func pinned(isLatest bool) string {
	if isLatest {
		return ""
	}
	return ", but the volume is pinned:"
}

// endOnSignals returns a context that SIGTERM and Ctrl+C end, and which of them it was.
func endOnSignals() (context.Context, *atomic.Int32) {
	ctx, cancel := context.WithCancel(context.Background())
	var caught atomic.Int32
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		caught.Store(int32((<-signals).(syscall.Signal)))
		cancel()
	}()
	return ctx, &caught
}

// limitMemory makes the collector work harder before the container's limit is reached.
func limitMemory() {
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, _ := os.ReadFile(path) // there is one of the two, if any
		// Without a limit the text is "max".
		if limit, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil {
			debug.SetMemoryLimit(limit / 10 * 7)
			return
		}
	}
}
