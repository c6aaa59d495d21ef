package cleaning

import (
	"fmt"
	"slices"

	"stagecoach/rules"
)

// columnKeys set what is known of a column, or return what was expected instead.
var columnKeys = map[string]func(*rules.FieldSpec, any) string{
	"type":        setType,
	"description": func(spec *rules.FieldSpec, value any) string { return setText(&spec.Description, value) },
	"unit":        func(spec *rules.FieldSpec, value any) string { return setText(&spec.Unit, value) },
	"private": func(spec *rules.FieldSpec, value any) string {
		var private *bool
		expected := setFlag(&private, value)
		spec.Private = private != nil && *private
		return expected
	},
	"missing":      func(spec *rules.FieldSpec, value any) string { return setTexts(&spec.MissingValues, value) },
	"true_values":  func(spec *rules.FieldSpec, value any) string { return setTexts(&spec.TrueValues, value) },
	"false_values": func(spec *rules.FieldSpec, value any) string { return setTexts(&spec.FalseValues, value) },
	"required":     func(spec *rules.FieldSpec, value any) string { return setFlag(&constraints(spec).Required, value) },
	"minimum":      func(spec *rules.FieldSpec, value any) string { return setBound(&constraints(spec).Minimum, value) },
	"maximum":      func(spec *rules.FieldSpec, value any) string { return setBound(&constraints(spec).Maximum, value) },
	"exclusive_minimum": func(spec *rules.FieldSpec, value any) string {
		return setBound(&constraints(spec).ExclusiveMinimum, value)
	},
	"exclusive_maximum": func(spec *rules.FieldSpec, value any) string {
		return setBound(&constraints(spec).ExclusiveMaximum, value)
	},
	"min_length": func(spec *rules.FieldSpec, value any) string { return setCount(&constraints(spec).MinLength, value) },
	"max_length": func(spec *rules.FieldSpec, value any) string { return setCount(&constraints(spec).MaxLength, value) },
	"pattern":    func(spec *rules.FieldSpec, value any) string { return setText(&constraints(spec).Pattern, value) },
	"enum":       setEnum,
}

func constraints(spec *rules.FieldSpec) *rules.Constraints {
	if spec.Constraints == nil {
		spec.Constraints = &rules.Constraints{}
	}
	return spec.Constraints
}

func setType(spec *rules.FieldSpec, value any) string {
	name, _ := value.(string)
	spec.Type = rules.Type(name)
	if !slices.Contains(rules.Types, spec.Type) {
		return fmt.Sprintf("one of %v", rules.Types)
	}
	return ""
}

func setText(field **string, value any) string {
	text, isText := value.(string)
	if !isText {
		return "a text"
	}
	*field = &text
	return ""
}

func setFlag(field **bool, value any) string {
	flag, isFlag := value.(bool)
	if !isFlag {
		return "true or false"
	}
	*field = &flag
	return ""
}

func setTexts(field **[]string, value any) string {
	texts, isList := asTexts(value)
	if !isList {
		return "a list of texts"
	}
	*field = &texts
	return ""
}

func setCount(field **int64, value any) string {
	count, isCount := value.(int64)
	if !isCount || count < 0 {
		return "0 or more"
	}
	*field = &count
	return ""
}

func setBound(field *any, value any) string {
	if _, isText := value.(string); !isText && !isFinite(value) {
		return "a number, or a date or datetime as a text"
	}
	*field = value
	return ""
}

func setEnum(spec *rules.FieldSpec, value any) string {
	items, isList := value.([]any)
	if !isList || len(items) == 0 {
		return "a list of values"
	}
	constraints(spec).Enum = items
	return ""
}

func isFinite(value any) bool {
	switch value := value.(type) {
	case int64:
		return true
	case float64:
		return value-value == 0
	}
	return false
}
