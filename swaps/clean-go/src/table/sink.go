package table

import "os"

// sink remembers the first error of a file, which the library forgets or turns into a panic.
type sink struct {
	file *os.File
	err  error
}

func (s *sink) Write(bytes []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	var written int
	written, s.err = s.file.Write(bytes)
	return written, s.err
}

// guard does what the library does to a file, and returns the file's own error before any other.
func (s *sink) guard(work func() error) (err error) {
	defer func() {
		broken := recover()
		if s.err != nil {
			err = s.err
			return
		}
		if broken != nil {
			panic(broken)
		}
	}()
	return work()
}
