package table

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"

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

func view(text []byte) string { return unsafe.String(unsafe.SliceData(text), len(text)) }

func truth(value bool) int64 {
	if value {
		return 1
	}
	return 0
}

// integer takes a physical integer as what the column holds: integers, days, moments or decimals.
func (c *chunk) integer(value int64) rules.Value {
	switch {
	case c.column.IsDecimal:
		return c.decimal(big.NewInt(value))
	case c.column.Native != rules.Datetime:
		return rules.Value{Integer: value}
	}
	// Of a finer unit the digits behind the microseconds are cut, before 1970 as well; Number keeps them for rejects/.
	micros, rest := value/c.column.divide, value%c.column.divide
	if rest < 0 {
		micros, rest = micros-1, rest+c.column.divide
	}
	if micros > math.MaxInt64/c.column.multiply || micros < math.MinInt64/c.column.multiply {
		return rules.Value{Integer: math.MaxInt64} // beyond the year 9999, whatever it is
	}
	return rules.Value{Integer: micros * c.column.multiply, Number: float64(rest)}
}

// decimal reads a number through its exact text, which rounds once; Text keeps it for rejects/.
func (c *chunk) decimal(unscaled *big.Int) rules.Value {
	sign, digits, scale := "", unscaled.String(), int(c.column.scale)
	if unscaled.Sign() < 0 {
		sign, digits = "-", digits[1:]
	}
	if missing := scale + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	text := sign + digits
	if scale > 0 {
		text = sign + digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	number, _ := strconv.ParseFloat(text, 64)
	return rules.Value{Number: number, Text: text}
}

// bigEndian reads a two's complement number.
func bigEndian(bytes []byte) *big.Int {
	number := new(big.Int).SetBytes(bytes)
	if len(bytes) > 0 && bytes[0] >= 0x80 {
		number.Sub(number, new(big.Int).Lsh(big.NewInt(1), uint(len(bytes)*8)))
	}
	return number
}

// IsExact tells whether a double can hold a native integer.
func (c *Column) IsExact(value rules.Value) bool {
	return -rules.MaxExact <= value.Integer && value.Integer <= rules.MaxExact && !(c.isUnsigned && value.Integer < 0)
}
