package contract

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

// Log writes lines for people, or one JSON object a line.
type Log struct {
	Out    io.Writer
	Stage  string
	AsJSON bool
}

// Info says what went on; the facts are kept as data in JSON.
func (l *Log) Info(facts map[string]any, format string, values ...any) {
	l.write("info", facts, fmt.Sprintf(format, values...))
}

// Warn says what the user should look at.
func (l *Log) Warn(line string) { l.write("warning", nil, line) }

// Error says why the run failed.
func (l *Log) Error(line string, code int) { l.write("error", map[string]any{"exit_code": code}, line) }

func (l *Log) write(level string, facts map[string]any, line string) {
	if l.AsJSON {
		event := map[string]any{"time": time.Now().UTC().Format(time.RFC3339Nano), "level": level, "stage": l.Stage, "event": line}
		for key, value := range facts {
			event[key] = value
		}
		text, err := json.Marshal(event)
		if err != nil {
			panic(err) // facts are numbers and texts
		}
		fmt.Fprintf(l.Out, "%s\n", escaped(string(text)))
		return
	}
	if level != "info" {
		line = level + ": " + line
	}
	fmt.Fprintf(l.Out, "%-9s %s\n", l.Stage, escaped(line))
}

// escaped writes what a terminal does not print as JSON does, so that a cell forges and hides no line.
func escaped(text string) string {
	var kept strings.Builder
	for _, letter := range text {
		if strconv.IsPrint(letter) {
			kept.WriteRune(letter)
			continue
		}
		for _, unit := range utf16.Encode([]rune{letter}) {
			fmt.Fprintf(&kept, "\\u%04x", unit)
		}
	}
	return kept.String()
}

// Progress reports done, total, rate and time left of long work, every few seconds.
type Progress struct {
	log             *Log
	what            string
	done, total     int64
	started, spoken time.Time
}

const everySeconds = 5

// Progress starts counting towards a total.
func (l *Log) Progress(what string, total int64) *Progress {
	now := time.Now()
	return &Progress{log: l, what: what, total: total, started: now, spoken: now}
}

// Add counts work as done and reports if the last report is old enough.
func (p *Progress) Add(count int64) {
	p.done += count
	now := time.Now()
	if now.Sub(p.spoken).Seconds() < everySeconds {
		return
	}
	p.spoken = now
	rate := float64(p.done) / now.Sub(p.started).Seconds()
	left := float64(p.total-p.done) / rate
	facts := map[string]any{"done": p.done, "total": p.total, "rate": rate, "seconds_left": left}
	p.log.Info(facts, "%s of %s %s, %s/s, %.0f s left", Thousands(p.done), Thousands(p.total), p.what, Thousands(int64(rate)), left)
}

// Thousands writes a count with commas.
func Thousands(count int64) string {
	digits := strconv.FormatInt(count, 10)
	var groups []string
	for len(digits) > 3 && count >= 0 {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
		digits = digits[:len(digits)-3]
	}
	return strings.Join(append([]string{digits}, groups...), ",")
}
