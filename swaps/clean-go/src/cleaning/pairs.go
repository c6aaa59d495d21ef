package cleaning

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"io"
	"os"
	"slices"
)

func readRecords(file *os.File) ([]record, error) {
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	records := make([]record, size/recordBytes)
	in := bufio.NewReaderSize(file, 1<<16)
	var bytes [recordBytes]byte
	for i := range records {
		if _, err := io.ReadFull(in, bytes[:]); err != nil {
			return nil, err
		}
		records[i] = record{binary.LittleEndian.Uint64(bytes[0:]), binary.LittleEndian.Uint64(bytes[8:]), int64(binary.LittleEndian.Uint64(bytes[16:]))}
	}
	return records, nil
}

// findPairs returns each row that is a copy, with the first row that it equals.
func findPairs(records []record) [][2]int64 {
	slices.SortFunc(records, func(a, b record) int {
		return cmp.Or(cmp.Compare(a.high, b.high), cmp.Compare(a.low, b.low), cmp.Compare(a.row, b.row))
	})
	var found [][2]int64
	first := 0
	for i := 1; i < len(records); i++ {
		if records[i].high != records[first].high || records[i].low != records[first].low {
			first = i
			continue
		}
		found = append(found, [2]int64{records[i].row, records[first].row})
	}
	slices.SortFunc(found, func(a, b [2]int64) int { return cmp.Compare(a[0], b[0]) })
	return found
}

func rewrite(file *os.File, found [][2]int64) error {
	if err := file.Truncate(0); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	out := bufio.NewWriterSize(file, 1<<16)
	var bytes [pairBytes]byte
	for _, pair := range found {
		binary.LittleEndian.PutUint64(bytes[0:], uint64(pair[0]))
		binary.LittleEndian.PutUint64(bytes[8:], uint64(pair[1]))
		if _, err := out.Write(bytes[:]); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	_, err := file.Seek(0, io.SeekStart)
	return err
}

// pairs reads the copies of one file; row is 0 at its end.
type pairs struct {
	in         *bufio.Reader
	row, first int64
}

func (p *pairs) next() error {
	var bytes [pairBytes]byte
	_, err := io.ReadFull(p.in, bytes[:])
	if err == io.EOF {
		p.row = 0
		return nil
	}
	p.row, p.first = int64(binary.LittleEndian.Uint64(bytes[0:])), int64(binary.LittleEndian.Uint64(bytes[8:]))
	return err
}
