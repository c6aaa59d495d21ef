package table

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unsafe"

	"stagecoach/rules"
)

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
