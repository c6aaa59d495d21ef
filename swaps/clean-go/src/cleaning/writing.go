package cleaning

import (
	"os"
	"path/filepath"
	"slices"

	"stagecoach/table"
)

// write writes one part for each part of the input, even if no row of it is left.
func (r *run) write() error {
	folder := filepath.Join(r.draft, "table")
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	progress := r.log.Progress("rows cleaned", r.input.Rows)
	cleaner := newCleaner(r.input.Columns, r.fields)
	var writer *table.Writer
	open := -1
	moveTo := func(part int) (err error) {
		for open < part {
			if writer != nil {
				if err := writer.Close(); err != nil {
					return err
				}
				writer = nil
			}
			if open++; open == len(r.input.Parts) {
				return nil
			}
			if writer, err = table.Create(filepath.Join(folder, filepath.Base(r.input.Parts[open].Path)), r.fields); err != nil {
				return err
			}
		}
		return nil
	}
	err := r.input.Each(r.ctx, func(part int, batch table.Batch) error {
		if err := moveTo(part); err != nil {
			return err
		}
		if err := cleaner.clean(batch); err != nil {
			return err
		}
		isKept, err := r.setAside(cleaner, batch)
		if err != nil {
			return err
		}
		progress.Add(int64(batch.Rows))
		return writer.Write(cleaner.values, isKept)
	})
	if err != nil {
		return err
	}
	return moveTo(len(r.input.Parts))
}

// setAside keeps faulty rows and copies in the quarantine, counts the others, and tells which these are.
func (r *run) setAside(cleaner *cleaner, batch table.Batch) ([]bool, error) {
	firsts := map[int64]int64{}
	if err := r.copies.take(batch.FirstRow, batch.Rows, firsts); err != nil {
		return nil, err
	}
	isKept := slices.Repeat([]bool{true}, batch.Rows)
	for row, column := range cleaner.first {
		first, isCopy := firsts[batch.FirstRow+int64(row)]
		var err error
		switch {
		case column >= 0:
			err = r.quarantine.addFault(batch, row, column, cleaner.faults[column][row])
		case isCopy:
			err = r.quarantine.addCopy(batch, row, first)
		default:
			r.rows++
			continue
		}
		if err != nil {
			return nil, err
		}
		isKept[row] = false
	}
	return isKept, table.EachColumn(len(r.fields), func(i int) error {
		for row, value := range cleaner.values[i] {
			if isKept[row] {
				r.profiles[i].add(value)
			}
		}
		return nil
	})
}
