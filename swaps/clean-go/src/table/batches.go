package table

import (
	"context"

	"github.com/apache/arrow-go/v18/parquet/file"

	"stagecoach/rules"
)

// A batch has so many cells at most, which bounds the memory of a wide table as well.
const (
	batchRows  = 65_536
	batchCells = 1 << 17
	fewestRows = 1_024
)

// Batch is some rows of a table, column by column; it stands until the next one is read.
type Batch struct {
	FirstRow int64 // from 1, in the whole table
	Rows     int
	Columns  [][]rules.Value
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
