package contract

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestACellForgesNoLineOfTheLog(t *testing.T) {
	cell := "a\x1b[2J\nclean     5 rows\u0085\u2028\u202e\x7f"
	for _, asJSON := range []bool{false, true} {
		var out strings.Builder
		(&Log{Out: &out, Stage: "clean", AsJSON: asJSON}).Warn(cell)

		line := strings.TrimSuffix(out.String(), "\n")
		if line != escaped(line) {
			t.Errorf("%q holds what a terminal does not print", line)
		}
		var event struct{ Event string }
		if asJSON && (json.Unmarshal([]byte(line), &event) != nil || event.Event != cell) {
			t.Errorf("%q is not JSON with the cell", line)
		}
	}
}
