// Package cleaning is the clean stage: it types a table, sets wrong rows and copies aside, and describes the rest.
package cleaning

import (
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

var defaultMissing = []string{"", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "#N/A", "\\N"}

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
