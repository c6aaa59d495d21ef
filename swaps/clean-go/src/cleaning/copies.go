package cleaning

import (
	"bufio"
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"
)

// copies finds rows that equal an earlier one. Hashes are spilled to files of the draft, each small enough
// to be sorted in memory, so that memory does not grow with the rows.
type copies struct {
	folder string
	files  []*os.File
	out    []*bufio.Writer
	heads  []*pairs
}

const (
	recordBytes   = 24 // hash and row
	pairBytes     = 16 // a row and the first that it equals
	rowsPerFile   = 250_000
	mostFiles     = 256
	spilledBuffer = 8 << 10
)

type record struct {
	high, low uint64
	row       int64
}

// openCopies starts with a table of so many rows.
func openCopies(draft string, rows int64) (*copies, error) {
	found := &copies{folder: filepath.Join(draft, ".hashes")}
	if err := os.Mkdir(found.folder, 0o700); err != nil {
		return nil, err
	}
	for i := range min(rows/rowsPerFile+1, mostFiles) {
		file, err := os.Create(filepath.Join(found.folder, strconv.FormatInt(i, 10)))
		if err != nil {
			found.remove()
			return nil, err
		}
		found.files = append(found.files, file)
		found.out = append(found.out, bufio.NewWriterSize(file, spilledBuffer))
	}
	return found, nil
}

// add keeps the hash of a row; rows come in their order.
func (c *copies) add(high, low uint64, row int64) error {
	var bytes [recordBytes]byte
	binary.LittleEndian.PutUint64(bytes[0:], high)
	binary.LittleEndian.PutUint64(bytes[8:], low)
	binary.LittleEndian.PutUint64(bytes[16:], uint64(row))
	_, err := c.out[high%uint64(len(c.out))].Write(bytes[:])
	return err
}

// find replaces each file of hashes by its copies, in the order of the rows.
func (c *copies) find() error {
	for i, file := range c.files {
		if err := c.out[i].Flush(); err != nil {
			return err
		}
		records, err := readRecords(file)
		if err != nil {
			return err
		}
		if err := rewrite(file, findPairs(records)); err != nil {
			return err
		}
		head := &pairs{in: bufio.NewReaderSize(file, spilledBuffer)}
		if err := head.next(); err != nil {
			return err
		}
		c.heads = append(c.heads, head)
	}
	return nil
}

// take adds the copies among some rows, in any order, as row → first.
func (c *copies) take(from int64, rows int, found map[int64]int64) error {
	for _, head := range c.heads {
		for head.row != 0 && head.row < from+int64(rows) {
			found[head.row] = head.first
			if err := head.next(); err != nil {
				return err
			}
		}
	}
	return nil
}

// remove removes the files.
func (c *copies) remove() error {
	for _, file := range c.files {
		file.Close()
	}
	return os.RemoveAll(c.folder)
}
