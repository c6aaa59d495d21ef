package table

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// EachColumn does work for every column, on all processors, and returns the error of the first column that has one.
func EachColumn(columns int, work func(column int) error) error {
	errs := make([]error, columns)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), columns) {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for {
				column := int(next.Add(1)) - 1
				if column >= columns {
					return
				}
				errs[column] = work(column)
			}
		}()
	}
	workers.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
