// Package table reads and writes tables of Parquet parts, a batch of rows at a time.
package table

import (
	"fmt"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"stagecoach/rules"
)

// Column is a column of the input, and how its physical values are to be taken.
type Column struct {
	Name string
	// Native is the type that the values have; texts of an untyped source are strings.
	Native rules.Type
	// IsNaive marks datetimes without a zone.
	IsNaive bool
	// IsDecimal marks numbers whose Text is exact.
	IsDecimal bool

	physical   parquet.Type
	isOptional bool
	isUnsigned bool
	multiply   int64 // of a timestamp, to microseconds
	divide     int64
	scale      int32 // of a decimal
}

// newColumn reads what a Parquet file says of a column; an error is a type that no rule knows.
func newColumn(node schema.Node) (Column, error) {
	column := Column{Name: node.Name(), isOptional: node.RepetitionType() == parquet.Repetitions.Optional}
	primitive, isPrimitive := node.(*schema.PrimitiveNode)
	if !isPrimitive || node.RepetitionType() == parquet.Repetitions.Repeated {
		return column, fmt.Errorf("nested")
	}
	column.physical = primitive.PhysicalType()
	isKnown := column.setLogical(node.LogicalType()) || isBare(node.LogicalType()) && column.setPhysical()
	if !isKnown {
		return column, fmt.Errorf("%s %s", column.physical, node.LogicalType())
	}
	return column, nil
}

func isBare(logical schema.LogicalType) bool {
	return logical == nil || logical.IsNone() || !logical.IsValid()
}

func (c *Column) setLogical(logical schema.LogicalType) bool {
	isInteger := c.physical == parquet.Types.Int32 || c.physical == parquet.Types.Int64
	switch logical := logical.(type) {
	case schema.StringLogicalType, schema.EnumLogicalType:
		c.Native = rules.String
		return c.physical == parquet.Types.ByteArray
	case schema.NullLogicalType: // a column without any value, whatever it is
		c.Native = rules.String
		return true
	case schema.IntLogicalType:
		c.Native, c.isUnsigned = rules.Integer, !logical.IsSigned()
		return isInteger
	case schema.DateLogicalType:
		c.Native = rules.Date
		return c.physical == parquet.Types.Int32
	case schema.DecimalLogicalType:
		c.Native, c.IsDecimal, c.scale = rules.Number, true, logical.Scale()
		return isInteger || c.physical == parquet.Types.ByteArray || c.physical == parquet.Types.FixedLenByteArray
	case schema.TimestampLogicalType:
		c.Native, c.IsNaive = rules.Datetime, !logical.IsAdjustedToUTC()
		c.multiply, c.divide = 1, 1
		switch logical.TimeUnit() {
		case schema.TimeUnitMillis:
			c.multiply = 1000
		case schema.TimeUnitNanos:
			c.divide = 1000
		}
		return c.physical == parquet.Types.Int64
	}
	return false
}

func (c *Column) setPhysical() bool {
	switch c.physical {
	case parquet.Types.Boolean:
		c.Native = rules.Boolean
	case parquet.Types.Int32, parquet.Types.Int64:
		c.Native = rules.Integer
	case parquet.Types.Float, parquet.Types.Double:
		c.Native = rules.Number
	default:
		return false
	}
	return true
}
