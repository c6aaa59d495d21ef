package table

import (
	"fmt"
	"os"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/compress"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"stagecoach/rules"
)

// Writer writes one Parquet part.
type Writer struct {
	sink   *sink
	fields []*rules.Field
	file   *file.Writer
	group  file.BufferedRowGroupWriter
	rows   int // in the group
}

// groupCells is how many cells a row group has at least, so that a small batch makes no group of its own.
const groupCells = 1 << 19

// Create starts a part with a column for each field.
func Create(path string, fields []*rules.Field) (*Writer, error) {
	out, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	writer := &Writer{sink: &sink{file: out}, fields: fields}
	err = writer.sink.guard(func() error {
		nodes := make(schema.FieldList, len(fields))
		for i, field := range fields {
			if nodes[i], err = node(field); err != nil {
				return err
			}
		}
		root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, nodes, -1)
		if err != nil {
			return err
		}
		properties := parquet.NewWriterProperties(parquet.WithCompression(compress.Codecs.Snappy))
		writer.file = file.NewParquetWriter(writer.sink, root, file.WithWriterProps(properties))
		return nil
	})
	if err != nil {
		out.Close()
	}
	return writer, err
}

func node(field *rules.Field) (schema.Node, error) {
	physical, logical := parquet.Types.ByteArray, schema.LogicalType(schema.StringLogicalType{})
	switch field.Type {
	case rules.Number:
		physical, logical = parquet.Types.Double, schema.NoLogicalType{}
	case rules.Integer:
		physical, logical = parquet.Types.Int64, schema.NewIntLogicalType(64, true)
	case rules.Boolean:
		physical, logical = parquet.Types.Boolean, schema.NoLogicalType{}
	case rules.Date:
		physical, logical = parquet.Types.Int32, schema.DateLogicalType{}
	case rules.Datetime:
		physical, logical = parquet.Types.Int64, schema.NewTimestampLogicalType(true, schema.TimeUnitMicros)
	}
	return schema.NewPrimitiveNodeLogical(field.Name, parquet.Repetitions.Optional, logical, physical, -1, -1)
}

// Write adds the kept rows of a batch.
func (w *Writer) Write(columns [][]rules.Value, isKept []bool) error {
	kept := 0
	for _, is := range isKept {
		if is {
			kept++
		}
	}
	if kept == 0 {
		return nil
	}
	return w.sink.guard(func() error {
		if w.group == nil {
			w.group, w.rows = w.file.AppendBufferedRowGroup(), 0
		}
		err := EachColumn(len(columns), func(i int) error {
			chunk, err := w.group.Column(i)
			if err != nil {
				return err
			}
			return writeColumn(chunk, columns[i], isKept)
		})
		if err != nil {
			return err
		}
		if w.rows += kept; w.rows*len(columns) < groupCells {
			return nil
		}
		return w.endGroup()
	})
}

func (w *Writer) endGroup() error {
	if w.group == nil {
		return nil
	}
	err := w.group.Close()
	w.group = nil
	return err
}

func writeColumn(chunk file.ColumnChunkWriter, values []rules.Value, isKept []bool) error {
	switch chunk := chunk.(type) {
	case *file.ByteArrayColumnChunkWriter:
		return write(chunk, values, isKept, func(value rules.Value) parquet.ByteArray { return parquet.ByteArray(value.Text) })
	case *file.Float64ColumnChunkWriter:
		return write(chunk, values, isKept, func(value rules.Value) float64 { return value.Number })
	case *file.Int64ColumnChunkWriter:
		return write(chunk, values, isKept, func(value rules.Value) int64 { return value.Integer })
	case *file.Int32ColumnChunkWriter:
		return write(chunk, values, isKept, func(value rules.Value) int32 { return int32(value.Integer) })
	case *file.BooleanColumnChunkWriter:
		return write(chunk, values, isKept, func(value rules.Value) bool { return value.Integer == 1 })
	}
	return fmt.Errorf("no column of type %s is ever written", chunk.Type())
}

// batchWriter is a column writer of one physical type.
type batchWriter[T any] interface {
	WriteBatch(values []T, definitions, repetitions []int16) (int64, error)
}

func write[T any](chunk batchWriter[T], values []rules.Value, isKept []bool, give func(rules.Value) T) error {
	physical := make([]T, 0, len(values))
	levels := make([]int16, 0, len(values))
	for row, value := range values {
		if !isKept[row] {
			continue
		}
		if !value.Present {
			levels = append(levels, 0)
			continue
		}
		levels = append(levels, 1)
		physical = append(physical, give(value))
	}
	_, err := chunk.WriteBatch(physical, levels, nil)
	return err
}

// Close writes the end of the part.
func (w *Writer) Close() error {
	err := w.sink.guard(func() error {
		if err := w.endGroup(); err != nil {
			return err
		}
		return w.file.Close()
	})
	if closed := w.sink.file.Close(); err == nil {
		err = closed
	}
	return err
}
