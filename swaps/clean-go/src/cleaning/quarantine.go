package cleaning

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"stagecoach/contract"
	"stagecoach/rules"
	"stagecoach/table"
)

const private = "(private)"

// quarantine keeps the rows that do not go on, with the reason and all their values.
type quarantine struct {
	path       string
	columns    []table.Column
	fields     []*rules.Field
	file       *os.File
	out        *bufio.Writer
	line       []byte
	duplicates int64
	reasons    map[string]int64
	examples   map[string]string // by reason: the first row, told as text
}

func newQuarantine(draft string, columns []table.Column, fields []*rules.Field) *quarantine {
	return &quarantine{
		path: filepath.Join(draft, "rejects", "part-00000.jsonl"), columns: columns, fields: fields,
		reasons: map[string]int64{}, examples: map[string]string{},
	}
}

func (q *quarantine) rejected() int64 {
	total := int64(0)
	for _, count := range q.reasons {
		total += count
	}
	return total
}

// addFault keeps a row whose first fault is in this column.
func (q *quarantine) addFault(batch table.Batch, row, column int, fault rules.Fault) error {
	field := q.fields[column]
	reason, expected := field.Reason(fault), field.Expected(fault)
	shown := ""
	if value := batch.Columns[column][row]; value.Present {
		shown = q.columns[column].Text(value)
	}
	if field.Private {
		shown = private
	}
	number := batch.FirstRow + int64(row)
	q.reasons[reason]++
	if q.reasons[reason] == 1 {
		q.examples[reason] = fmt.Sprintf("row %d, column %s: expected %s, got '%.40s'", number, field.Name, expected, shown)
	}
	q.start(number, reason)
	q.text("column", field.Name)
	q.text("value", shown)
	q.text("expected", expected)
	return q.finish(batch, row)
}

// addCopy keeps a row that equals an earlier one.
func (q *quarantine) addCopy(batch table.Batch, row int, first int64) error {
	q.duplicates++
	q.start(batch.FirstRow+int64(row), "duplicate")
	q.line = append(q.line, `, "first": `...)
	q.line = strconv.AppendInt(q.line, first, 10)
	return q.finish(batch, row)
}

func (q *quarantine) start(row int64, reason string) {
	q.line = append(q.line[:0], `{"row": `...)
	q.line = strconv.AppendInt(q.line, row, 10)
	q.text("reason", reason)
}

func (q *quarantine) text(key, value string) {
	q.line = append(q.line, `, "`+key+`": `...)
	q.line = contract.AppendText(q.line, value)
}

func (q *quarantine) finish(batch table.Batch, row int) error {
	q.line = append(q.line, `, "record": {`...)
	for i := range q.columns {
		if i > 0 {
			q.line = append(q.line, ", "...)
		}
		q.line = append(contract.AppendText(q.line, q.columns[i].Name), ": "...)
		value := batch.Columns[i][row]
		if value.Present && q.fields[i].Private {
			value = rules.Value{Present: true, Text: private}
			q.line = contract.AppendText(q.line, private)
			continue
		}
		q.line = appendNative(q.line, &q.columns[i], value)
	}
	q.line = append(q.line, "}}\n"...)
	return q.write()
}

// write makes the file when it is needed first: without a rejected row there is none.
func (q *quarantine) write() error {
	if q.file == nil {
		if err := os.MkdirAll(filepath.Dir(q.path), 0o755); err != nil {
			return err
		}
		file, err := os.Create(q.path)
		if err != nil {
			return err
		}
		q.file, q.out = file, bufio.NewWriterSize(file, 1<<16)
	}
	_, err := q.out.Write(q.line)
	return err
}

func (q *quarantine) close() error {
	if q.file == nil {
		return nil
	}
	err := q.out.Flush()
	if closed := q.file.Close(); err == nil {
		err = closed
	}
	return err
}

// appendNative writes a value of the input as JSON: exact decimals and what JSON has no form for as texts.
func appendNative(out []byte, column *table.Column, value rules.Value) []byte {
	if !value.Present || column.Native == rules.Number && math.IsNaN(value.Number) {
		return append(out, "null"...)
	}
	switch column.Native {
	case rules.Integer, rules.Boolean:
		return append(out, column.Text(value)...)
	case rules.Number:
		if !column.IsDecimal && !math.IsInf(value.Number, 0) {
			return strconv.AppendFloat(out, value.Number, 'g', -1, 64)
		}
	}
	return contract.AppendText(out, column.Text(value))
}
