package cleaning

import (
	"context"

	"stagecoach/contract"
	"stagecoach/rules"
	"stagecoach/table"
)

// decideSchema returns the rules of every column: what the settings declare, and what all values say.
func decideSchema(ctx context.Context, log *contract.Log, input *table.Table, settings *Settings) (*rules.Schema, error) {
	if err := checkColumns(input, settings); err != nil {
		return nil, err
	}
	watchers := make([]watcher, len(input.Columns))
	isDue := false
	for i := range input.Columns {
		watcher, err := newWatcher(input, i, settings)
		if err != nil {
			return nil, err
		}
		watchers[i] = watcher
		isDue = isDue || watcher != nil
	}
	if isDue {
		if err := watch(ctx, log, input, watchers); err != nil {
			return nil, err
		}
	}
	schema := &rules.Schema{MissingValues: settings.Missing, Timezone: settings.Timezone}
	for i, column := range input.Columns {
		spec := settings.spec(column.Name)
		if spec.Type == "" {
			spec.Type = column.Native
		}
		if watchers[i] != nil {
			var warning string
			if spec.Type, warning = watchers[i].Decide(); warning != "" {
				log.Warn(warning)
			}
		}
		schema.Fields = append(schema.Fields, spec)
	}
	return schema, nil
}

func (s *Settings) spec(name string) rules.FieldSpec {
	spec := s.Columns[name]
	spec.Name = name
	return spec
}

// checkColumns refuses settings that don't fit the table, before its rows are read.
func checkColumns(input *table.Table, settings *Settings) error {
	names := map[string]bool{}
	for _, column := range input.Columns {
		names[column.Name] = true
	}
	for _, name := range keys(settings.Columns) {
		if !names[name] {
			return contract.BadSetting("%s: [clean.columns.%s] the table has no such column%s", settings.file, name, contract.DidYouMean(name, keys(names)))
		}
		if spec := settings.Columns[name]; spec.Type != "" {
			if _, err := settings.compile(spec); err != nil {
				return err
			}
		}
	}
	return nil
}

// compile makes a column's rules ready to be applied.
func (s *Settings) compile(spec rules.FieldSpec) (*rules.Field, error) {
	field, err := rules.Compile(spec, s.Missing, s.Timezone)
	if err != nil {
		return nil, contract.BadSetting("%s: [clean.columns.%s] %s; declare another type, or fix the rule", s.file, spec.Name, err)
	}
	return field, nil
}
