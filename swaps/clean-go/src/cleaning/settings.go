// Package cleaning is the clean stage: it types a table, sets wrong rows and copies aside, and describes the rest.
package cleaning

import (
	"fmt"
	"slices"

	"stagecoach/contract"
	"stagecoach/rules"
)

// Settings are the table [clean] of the pipeline.
type Settings struct {
	Missing        []string
	Timezone       string
	DropDuplicates bool
	Columns        map[string]rules.FieldSpec
	// Text is what the manifest says of them, defaults included.
	Text string

	file string
}

var defaultMissing = []string{"", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A"}

// ReadSettings checks a pipeline's table.
func ReadSettings(pipeline *contract.Pipeline) (*Settings, error) {
	settings := &Settings{
		Missing: defaultMissing, Timezone: "UTC", DropDuplicates: true,
		Columns: map[string]rules.FieldSpec{}, file: pipeline.File,
	}
	for _, key := range keys(pipeline.Table) {
		if err := settings.set(key, pipeline.Table[key]); err != nil {
			return nil, err
		}
	}
	resolved := map[string]any{
		"missing": settings.Missing, "timezone": settings.Timezone,
		"duplicates": map[bool]string{true: "drop", false: "keep"}[settings.DropDuplicates],
		"columns":    map[string]any{},
	}
	if columns, isSet := pipeline.Table["columns"]; isSet {
		resolved["columns"] = columns
	}
	var err error
	settings.Text, err = contract.SettingsText(resolved)
	return settings, err
}

func (s *Settings) set(key string, value any) error {
	isRight, expected := true, ""
	switch key {
	case "missing":
		s.Missing, isRight = asTexts(value)
		expected = "a list of texts"
	case "timezone":
		s.Timezone, _ = value.(string)
		_, err := rules.NewZone(s.Timezone)
		isRight, expected = err == nil, `an IANA name such as "Europe/Berlin"`
	case "duplicates":
		s.DropDuplicates = value == "drop"
		isRight, expected = value == "drop" || value == "keep", `"drop" or "keep"`
	case "columns":
		var columns map[string]any
		if columns, isRight = value.(map[string]any); isRight {
			return s.setColumns(columns)
		}
		expected = "a table for each column, written [clean.columns.NAME]"
	default:
		known := []string{"missing", "timezone", "duplicates", "columns", "keep"}
		return contract.BadSetting("%s: [clean] %s is not a setting%s", s.file, key, contract.DidYouMean(key, known))
	}
	if !isRight {
		return contract.BadSetting("%s: [clean] %s = %v: expected %s", s.file, key, value, expected)
	}
	return nil
}

func (s *Settings) setColumns(columns map[string]any) error {
	for _, name := range keys(columns) {
		stated, isTable := columns[name].(map[string]any)
		if !isTable {
			return contract.BadSetting("%s: [clean] columns.%s must be a table, written [clean.columns.%s]", s.file, name, name)
		}
		spec := rules.FieldSpec{Name: name}
		for _, key := range keys(stated) {
			set, isKnown := columnKeys[key]
			if !isKnown {
				return contract.BadSetting("%s: [clean.columns.%s] %s is not a setting%s", s.file, name, key, contract.DidYouMean(key, keys(columnKeys)))
			}
			if expected := set(&spec, stated[key]); expected != "" {
				return contract.BadSetting("%s: [clean.columns.%s] %s = %v: expected %s", s.file, name, key, stated[key], expected)
			}
		}
		s.Columns[name] = spec
	}
	return nil
}

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

func asTexts(value any) ([]string, bool) {
	items, isList := value.([]any)
	texts := make([]string, len(items))
	for i, item := range items {
		text, isText := item.(string)
		if !isText {
			return nil, false
		}
		texts[i] = text
	}
	return texts, isList
}

func keys[V any](table map[string]V) []string {
	var names []string
	for name := range table {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
