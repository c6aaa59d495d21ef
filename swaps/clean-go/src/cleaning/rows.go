package cleaning

import (
	"crypto/sha256"
	"encoding/binary"
	"math"

	"stagecoach/rules"
	"stagecoach/table"
)

// cleaner applies the rules to batches; its buffers are used again for the next one.
type cleaner struct {
	columns []table.Column
	fields  []*rules.Field
	values  [][]rules.Value
	faults  [][]rules.Fault
	// first holds for each row the position of its first faulty column, or -1.
	first []int
	text  []byte
}

func newCleaner(columns []table.Column, fields []*rules.Field) *cleaner {
	return &cleaner{columns: columns, fields: fields, values: make([][]rules.Value, len(fields)), faults: make([][]rules.Fault, len(fields))}
}

// clean reads every cell of a batch.
func (c *cleaner) clean(batch table.Batch) error {
	err := table.EachColumn(len(c.fields), func(i int) error {
		if cap(c.values[i]) < batch.Rows {
			c.values[i], c.faults[i] = make([]rules.Value, batch.Rows), make([]rules.Fault, batch.Rows)
		}
		c.values[i], c.faults[i] = c.values[i][:batch.Rows], c.faults[i][:batch.Rows]
		for row, value := range batch.Columns[i] {
			c.values[i][row], c.faults[i][row] = readCell(&c.columns[i], c.fields[i], value)
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.first = c.first[:0]
	for row := range batch.Rows {
		first := -1
		for i := range c.fields {
			if c.faults[i][row] != rules.Fine {
				first = i
				break
			}
		}
		c.first = append(c.first, first)
	}
	return nil
}

// readCell reads a typed value as it is where the column's type is asked for, and else as its text.
func readCell(column *table.Column, field *rules.Field, value rules.Value) (rules.Value, rules.Fault) {
	if column.Native == rules.String && value.Present {
		return field.ReadText(value.Text)
	}
	if !value.Present || column.Native == rules.Number && math.IsNaN(value.Number) {
		return field.ReadTyped(rules.Value{})
	}
	if column.Native != field.Type || field.Type == rules.Integer && !column.IsExact(value) {
		return field.ReadText(column.Text(value))
	}
	if column.IsNaive {
		instant, exists := field.Localize(value.Integer)
		if !exists {
			return rules.Value{}, rules.WrongType
		}
		value.Integer = instant
	}
	if field.Type == rules.Number {
		return field.ReadTyped(rules.Value{Present: true, Number: value.Number})
	}
	return field.ReadTyped(rules.Value{Present: true, Integer: value.Integer})
}

// hash returns 128 bits that stand for a cleaned row: two rows have the same only if they are copies.
func (c *cleaner) hash(row int) (high, low uint64) {
	text := c.text[:0]
	for i, field := range c.fields {
		value := c.values[i][row]
		if !value.Present {
			text = append(text, 0)
			continue
		}
		text = append(text, 1)
		switch field.Type {
		case rules.String:
			text = binary.AppendUvarint(text, uint64(len(value.Text)))
			text = append(text, value.Text...)
		case rules.Number:
			// Adding nothing makes minus zero the zero that it equals.
			text = binary.LittleEndian.AppendUint64(text, math.Float64bits(value.Number+0))
		default:
			text = binary.AppendVarint(text, value.Integer)
		}
	}
	c.text = text
	digest := sha256.Sum256(text)
	return binary.BigEndian.Uint64(digest[:]), binary.BigEndian.Uint64(digest[8:])
}
