package table

import (
	"fmt"
	"path/filepath"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"

	"stagecoach/contract"
	"stagecoach/rules"
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
			return nil, contract.BadInput("%s: column '%s' has no name or is repeated; name it in the source", path, column.Name)
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
