package table

import (
	"fmt"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"stagecoach/rules"
)

// chunk reads one column of a row group, batch by batch; its buffers are used again.
type chunk struct {
	column Column
	reader file.ColumnChunkReader
	levels []int16
	texts  []byte
	values []rules.Value
	// physical holds the values as they stand in the file, a slice of their own type.
	physical any
}

// typed is a column reader of one physical type.
type typed[T any] interface {
	ReadBatch(rows int64, values []T, definitions, repetitions []int16) (int64, int, error)
}

// read returns the next rows of the column; they stand until the next call.
func (c *chunk) read(rows int) (values []rules.Value, err error) {
	err = careful(func() error {
		values, err = c.readRows(rows)
		return err
	})
	return values, err
}

func (c *chunk) readRows(rows int) ([]rules.Value, error) {
	if cap(c.values) < rows {
		c.values, c.levels = make([]rules.Value, rows), make([]int16, rows)
	}
	c.values, c.texts = c.values[:rows], c.texts[:0]
	clear(c.values)
	switch reader := c.reader.(type) {
	case *file.BooleanColumnChunkReader:
		return fill(c, reader, func(value bool) rules.Value { return rules.Value{Integer: truth(value)} })
	case *file.Int32ColumnChunkReader:
		return fill(c, reader, func(value int32) rules.Value {
			if c.isUnsigned() {
				return c.integer(int64(uint32(value)))
			}
			return c.integer(int64(value))
		})
	case *file.Int64ColumnChunkReader:
		return fill(c, reader, c.integer)
	case *file.Float32ColumnChunkReader:
		return fill(c, reader, func(value float32) rules.Value { return rules.Value{Number: float64(value)} })
	case *file.Float64ColumnChunkReader:
		return fill(c, reader, func(value float64) rules.Value { return rules.Value{Number: value} })
	case *file.FixedLenByteArrayColumnChunkReader:
		return fill(c, reader, func(value parquet.FixedLenByteArray) rules.Value { return c.decimal(bigEndian(value)) })
	case *file.ByteArrayColumnChunkReader:
		if c.column.IsDecimal {
			return fill(c, reader, func(value parquet.ByteArray) rules.Value { return c.decimal(bigEndian(value)) })
		}
		return c.readTexts(reader)
	}
	return nil, fmt.Errorf("values of %s can't be read", c.reader.Type())
}

func (c *chunk) isUnsigned() bool { return c.column.isUnsigned }

// load reads physical values and gives each present row its position among them.
func load[T any](c *chunk, reader typed[T]) ([]T, error) {
	rows := len(c.values)
	physical, _ := c.physical.([]T) // none at first
	if cap(physical) < rows {
		physical = make([]T, rows)
		c.physical = physical
	}
	physical = physical[:rows]
	read, present, err := reader.ReadBatch(int64(rows), physical, c.levels[:rows], nil)
	if err == nil {
		err = c.reader.Err()
	}
	if err == nil && read != int64(rows) {
		err = fmt.Errorf("the column ends early")
	}
	if err != nil {
		return nil, err
	}
	if !c.column.isOptional {
		for row := range c.values {
			c.levels[row] = 1
		}
	}
	return physical[:present], nil
}

func fill[T any](c *chunk, reader typed[T], take func(T) rules.Value) ([]rules.Value, error) {
	physical, err := load(c, reader)
	if err != nil {
		return nil, err
	}
	next := 0
	for row := range c.values {
		if c.levels[row] > 0 {
			c.values[row] = take(physical[next])
			c.values[row].Present = true
			next++
		}
	}
	return c.values, nil
}

// readTexts copies the texts into a buffer of the chunk's own, since pages go with the next one.
func (c *chunk) readTexts(reader *file.ByteArrayColumnChunkReader) ([]rules.Value, error) {
	physical, err := load(c, reader)
	if err != nil {
		return nil, err
	}
	size := 0
	for _, text := range physical {
		size += len(text)
	}
	if cap(c.texts) < size {
		c.texts = make([]byte, 0, size)
	}
	next := 0
	for row := range c.values {
		if c.levels[row] == 0 {
			continue
		}
		if !utf8.Valid(physical[next]) {
			return nil, fmt.Errorf("a text is not UTF-8")
		}
		start := len(c.texts)
		c.texts = append(c.texts, physical[next]...)
		c.values[row] = rules.Value{Present: true, Text: view(c.texts[start:])}
		next++
	}
	return c.values, nil
}
