package rules

import (
	"fmt"
	"math"
)

// Schema is schema.json.
type Schema struct {
	Fields        []FieldSpec `json:"fields"`
	MissingValues []string    `json:"missingValues"`
	Timezone      string      `json:"timezone"`
}

// FieldSpec is a field of schema.json.
type FieldSpec struct {
	Name          string       `json:"name"`
	Type          Type         `json:"type"`
	Description   *string      `json:"description,omitempty"`
	Unit          *string      `json:"unit,omitempty"`
	Private       bool         `json:"private,omitempty"`
	MissingValues *[]string    `json:"missingValues,omitempty"`
	TrueValues    *[]string    `json:"trueValues,omitempty"`
	FalseValues   *[]string    `json:"falseValues,omitempty"`
	Constraints   *Constraints `json:"constraints,omitempty"`
}

// Constraints are what a value must satisfy; a bound is a number or a text, as in the settings.
type Constraints struct {
	Required         *bool   `json:"required,omitempty"`
	Minimum          any     `json:"minimum,omitempty"`
	Maximum          any     `json:"maximum,omitempty"`
	ExclusiveMinimum any     `json:"exclusiveMinimum,omitempty"`
	ExclusiveMaximum any     `json:"exclusiveMaximum,omitempty"`
	MinLength        *int64  `json:"minLength,omitempty"`
	MaxLength        *int64  `json:"maxLength,omitempty"`
	Pattern          *string `json:"pattern,omitempty"`
	Enum             []any   `json:"enum,omitempty"`
}

// Compile makes a field's rules ready to be applied; an error is a rule that does not fit.
func Compile(spec FieldSpec, missing []string, timezone string) (*Field, error) {
	zone, err := NewZone(timezone)
	if err != nil {
		return nil, err
	}
	if spec.MissingValues != nil {
		missing = *spec.MissingValues
	}
	field := &Field{
		Name:       spec.Name,
		Type:       spec.Type,
		Private:    spec.Private,
		zone:       zone,
		missing:    set(missing),
		trueWords:  words(spec.TrueValues, "true", "True", "TRUE"),
		falseWords: words(spec.FalseValues, "false", "False", "FALSE"),
		required:   -1,
	}
	if spec.Constraints != nil {
		err = field.addChecks(*spec.Constraints)
	}
	return field, err
}

func words(stated *[]string, defaults ...string) map[string]bool {
	if stated != nil {
		return set(*stated)
	}
	return set(defaults)
}

func set(items []string) map[string]bool {
	found := make(map[string]bool, len(items))
	for _, item := range items {
		found[item] = true
	}
	return found
}

// parseRule reads a bound, or a value of an enum, as the field's type.
func (f *Field) parseRule(name string, rule any) (Value, error) {
	number, isNumber := asNumber(rule)
	text, isText := rule.(string)
	truth, isTruth := rule.(bool)
	var value Value
	ok := false
	switch f.Type {
	case Number:
		value, ok = Value{Present: true, Number: number}, isNumber
	case Integer:
		ok = isNumber && number == math.Trunc(number) && math.Abs(number) <= MaxExact
		value = Value{Present: true, Integer: int64(number)}
	case Boolean:
		value, ok = Value{Present: true}, isTruth
		if truth {
			value.Integer = 1
		}
	case String:
		value, ok = Value{Present: true, Text: text}, isText
	default:
		if isText {
			value, ok = f.parse(text)
		}
	}
	if !ok {
		return value, fmt.Errorf("%s = %v does not fit a column of type %s; expected %s", name, rule, f.Type, Names[f.Type])
	}
	return value, nil
}

func asNumber(rule any) (float64, bool) {
	switch rule := rule.(type) {
	case float64:
		return rule, isFinite(rule)
	case int64:
		return float64(rule), true
	}
	return 0, false
}
