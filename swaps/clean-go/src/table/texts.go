package table

import (
	"fmt"
	"math"
	"strconv"

	"github.com/apache/arrow-go/v18/parquet"

	"stagecoach/rules"
)

// Text writes a native value as the text that it would have in a CSV.
func (c *Column) Text(value rules.Value) string {
	switch c.Native {
	case rules.Number:
		return c.numberText(value)
	case rules.Integer:
		if c.isUnsigned {
			return strconv.FormatUint(uint64(value.Integer), 10)
		}
		return strconv.FormatInt(value.Integer, 10)
	case rules.Boolean:
		return strconv.FormatBool(value.Integer == 1)
	case rules.Date:
		return rules.FormatDate(value.Integer)
	case rules.Datetime:
		return c.datetimeText(value)
	}
	return value.Text
}

func (c *Column) numberText(value rules.Value) string {
	if c.IsDecimal {
		return value.Text
	}
	bits := 64
	if c.physical == parquet.Types.Float {
		bits = 32
	}
	if math.IsInf(value.Number, 0) {
		return map[bool]string{true: "inf", false: "-inf"}[value.Number > 0]
	}
	if size := math.Abs(value.Number); 1e-6 <= size && size < 1e21 || size == 0 {
		return strconv.FormatFloat(value.Number, 'f', -1, bits)
	}
	return strconv.FormatFloat(value.Number, 'g', -1, bits)
}

func (c *Column) datetimeText(value rules.Value) string {
	text := rules.FormatDatetime(value.Integer)
	text = text[:len(text)-len("Z")]
	if rest := int64(value.Number); rest != 0 {
		if value.Integer%1_000_000 == 0 {
			text += ".000000"
		}
		text += fmt.Sprintf("%03d", rest)
	}
	if c.IsNaive {
		return text
	}
	return text + "Z"
}
