// Package rules is "Cleaning one row" of the contract: what a cell of a table means.
package rules

// Type is a column's type.
type Type string

const (
	String   Type = "string"
	Number   Type = "number"
	Integer  Type = "integer"
	Boolean  Type = "boolean"
	Date     Type = "date"
	Datetime Type = "datetime"
)

// Types holds all types.
var Types = []Type{String, Number, Integer, Boolean, Date, Datetime}

// Value is a cell that was read: Text of a string, Number of a number, Integer of the others:
// 0 or 1, days since 1970, or microseconds since 1970 in UTC.
type Value struct {
	Present bool
	Text    string
	Number  float64
	Integer int64
}

// Fault says what is wrong with a cell; Fine is nothing, WrongType stands for itself,
// and higher ones for the field's constraints in their order.
type Fault uint8

const (
	Fine Fault = iota
	WrongType
	firstConstraint
)

// Field is a column's rules, ready to be applied; not for two goroutines at once.
type Field struct {
	Name    string
	Type    Type
	Private bool

	zone       *Zone
	missing    map[string]bool
	trueWords  map[string]bool
	falseWords map[string]bool
	checks     []check
	required   int // position of the check, or -1
}

// check is one constraint: how it is called, what it expects, and what passes.
type check struct {
	name     string
	expected string
	passes   func(Value) bool
}

// ReadText reads a text as this field.
func (f *Field) ReadText(text string) (Value, Fault) {
	text = Trim(text)
	if f.isMissing(text) {
		return f.judge(Value{}, true)
	}
	return f.judge(f.parse(text))
}

// ReadTyped reads a value that a typed source holds in this field's own type.
func (f *Field) ReadTyped(value Value) (Value, Fault) {
	if !value.Present || f.Type == Number && value.Number != value.Number {
		return f.judge(Value{}, true)
	}
	switch f.Type {
	case String:
		return f.ReadText(value.Text)
	case Number:
		return f.judge(value, isFinite(value.Number))
	case Integer:
		return f.judge(value, isExact(value.Integer))
	case Date:
		return f.judge(value, firstDay <= value.Integer && value.Integer <= lastDay)
	case Datetime:
		return f.judge(value, isInYears(value.Integer))
	}
	return f.judge(value, true)
}

func (f *Field) judge(value Value, isOfType bool) (Value, Fault) {
	if !isOfType {
		return Value{}, WrongType
	}
	if !value.Present {
		if f.required >= 0 {
			return Value{}, firstConstraint + Fault(f.required)
		}
		return Value{}, Fine
	}
	for i, check := range f.checks {
		if !check.passes(value) {
			return Value{}, firstConstraint + Fault(i)
		}
	}
	return value, Fine
}

// Reason returns a fault's name, as in rejects/.
func (f *Field) Reason(fault Fault) string {
	if fault == WrongType {
		return "type"
	}
	return "constraint " + f.checks[fault-firstConstraint].name
}

// Expected says what a faulty cell should have been.
func (f *Field) Expected(fault Fault) string {
	if fault == WrongType {
		return Names[f.Type]
	}
	return f.checks[fault-firstConstraint].expected
}

// Names say in words what a value of a type is.
var Names = map[Type]string{
	String:   "a text",
	Number:   "a number",
	Integer:  "an integer within ±2^53",
	Boolean:  "a boolean",
	Date:     "a date as YYYY-MM-DD",
	Datetime: "a datetime as YYYY-MM-DDTHH:MM:SSZ",
}

func (f *Field) isMissing(trimmed string) bool { return trimmed == "" || f.missing[trimmed] }

func (f *Field) parse(text string) (Value, bool) {
	switch f.Type {
	case Number:
		number, ok := ParseNumber(text)
		return Value{Present: true, Number: number}, ok
	case Integer:
		integer, ok := ParseInteger(text)
		return Value{Present: true, Integer: integer}, ok
	case Boolean:
		if f.trueWords[text] {
			return Value{Present: true, Integer: 1}, true
		}
		return Value{Present: true}, f.falseWords[text]
	case Date:
		days, ok := ParseDate(text)
		return Value{Present: true, Integer: days}, ok
	case Datetime:
		micros, ok := f.zone.ParseDatetime(text)
		return Value{Present: true, Integer: micros}, ok
	}
	return Value{Present: true, Text: text}, true
}
