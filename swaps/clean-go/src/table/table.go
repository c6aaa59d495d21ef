package table

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"stagecoach/contract"
	"stagecoach/rules"
)

// A batch has so many cells at most, which bounds the memory of a wide table as well.
const (
	batchRows  = 65_536
	batchCells = 1 << 17
	fewestRows = 1_024
)

// Table is the parts of a table, which share their columns.
type Table struct {
	Columns []Column
	Rows    int64
	Parts   []Part
}

// Part is one Parquet file of a table.
type Part struct {
	Path string
	Rows int64
}

// Batch is some rows of a table, column by column; it stands until the next one is read.
type Batch struct {
	FirstRow int64 // from 1, in the whole table
	Rows     int
	Columns  [][]rules.Value
}

// Open reads what the parts say of themselves and refuses what can't be cleaned.
func Open(folder string, paths []string) (*Table, error) {
	table := &Table{}
	for _, path := range paths {
		if err := table.add(path); err != nil {
			return nil, err
		}
	}
	if table.Rows == 0 || len(table.Columns) == 0 {
		return nil, contract.BadInput("%s: table/ holds no rows; look at the source and at ingest", folder)
	}
	return table, nil
}

func (t *Table) add(path string) error {
	reader, err := open(path)
	if err != nil {
		return err
	}
	defer reader.Close()
	columns, err := readColumns(path, reader)
	if err != nil {
		return err
	}
	if t.Columns == nil {
		t.Columns = columns
	}
	if name := firstDifference(columns, t.Columns); name != "" {
		return contract.BadInput("%s: column '%s' is not as in %s; expected the same columns in every part, run the stage that wrote it again", path, name, filepath.Base(t.Parts[0].Path))
	}
	t.Parts = append(t.Parts, Part{path, reader.NumRows()})
	t.Rows += reader.NumRows()
	return nil
}

func open(path string) (reader *file.Reader, err error) {
	properties := parquet.NewReaderProperties(memory.NewGoAllocator())
	properties.BufferedStreamEnabled = true // a page at a time, not a whole column of a row group
	err = careful(func() error {
		reader, err = file.OpenParquetFile(path, false, file.WithReadProps(properties))
		return err
	})
	if err != nil {
		return nil, unreadable(path, err)
	}
	return reader, nil
}

// careful calls the library, whose panics on a broken file are told as errors.
func careful(call func() error) (err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("%v", broken)
		}
	}()
	return call()
}

func unreadable(path string, err error) error {
	return contract.BadInput("%s: can't be read as Parquet (%s); run the stage that wrote it again", path, err)
}

func readColumns(path string, reader *file.Reader) ([]Column, error) {
	root := reader.MetaData().Schema.Root()
	seen := map[string]bool{}
	columns := []Column{}
	for i := range root.NumFields() {
		node := root.Field(i)
		column, err := newColumn(node)
		if err != nil {
			return nil, contract.BadInput("%s: column '%s' is %s; expected texts, numbers, booleans, dates or timestamps, so convert or drop it in the source", path, node.Name(), err)
		}
		if column.Name == "" || seen[column.Name] {
			return nil, contract.BadInput("%s: column '%s' has no name or stands twice; name it in the source", path, column.Name)
		}
		seen[column.Name] = true
		columns = append(columns, column)
	}
	return columns, nil
}

func firstDifference(columns, expected []Column) string {
	for i, column := range columns {
		if i >= len(expected) {
			return column.Name
		}
		other := expected[i]
		other.isOptional = column.isOptional
		if column != other {
			return column.Name
		}
	}
	if len(columns) < len(expected) {
		return expected[len(columns)].Name
	}
	return ""
}

// IsUntyped tells whether every column holds texts, as after CSV.
func (t *Table) IsUntyped() bool {
	for _, column := range t.Columns {
		if column.Native != rules.String {
			return false
		}
	}
	return true
}

// Each reads the table batch by batch, part by part; `part` is the position of the part.
func (t *Table) Each(ctx context.Context, work func(part int, batch Batch) error) error {
	firstRow := int64(1)
	for position, part := range t.Parts {
		err := t.eachInPart(ctx, part.Path, func(batch Batch) error {
			batch.FirstRow = firstRow
			firstRow += int64(batch.Rows)
			return work(position, batch)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *Table) eachInPart(ctx context.Context, path string, work func(Batch) error) error {
	reader, err := open(path)
	if err != nil {
		return err
	}
	defer reader.Close()
	for position := range reader.NumRowGroups() {
		group := reader.RowGroup(position)
		var chunks []*chunk
		err := careful(func() (err error) {
			chunks, err = t.openChunks(group)
			return err
		})
		if err != nil {
			return unreadable(path, err)
		}
		if err := t.eachInGroup(ctx, path, chunks, int(group.NumRows()), work); err != nil {
			return err
		}
	}
	return nil
}

func (t *Table) openChunks(group *file.RowGroupReader) ([]*chunk, error) {
	chunks := make([]*chunk, len(t.Columns))
	for i, column := range t.Columns {
		reader, err := group.Column(i)
		if err != nil {
			return nil, err
		}
		// A part may say that a column has no nulls where another one has some.
		column.isOptional = reader.Descriptor().MaxDefinitionLevel() > 0
		chunks[i] = &chunk{column: column, reader: reader}
	}
	return chunks, nil
}

func (t *Table) eachInGroup(ctx context.Context, path string, chunks []*chunk, rows int, work func(Batch) error) error {
	most := min(batchRows, max(fewestRows, batchCells/len(chunks)))
	for left := rows; left > 0; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		batch := Batch{Rows: min(most, left), Columns: make([][]rules.Value, len(chunks))}
		err := EachColumn(len(chunks), func(i int) (err error) {
			batch.Columns[i], err = chunks[i].read(batch.Rows)
			return err
		})
		if err != nil {
			return unreadable(path, err)
		}
		if err := work(batch); err != nil {
			return err
		}
		left -= batch.Rows
	}
	return nil
}
