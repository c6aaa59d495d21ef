package cleaning

import (
	"context"
	"fmt"

	"stagecoach/contract"
	"stagecoach/rules"
	"stagecoach/table"
)

// watcher looks at the values of a column whose type depends on them.
type watcher interface {
	Add(value rules.Value, row int64)
	Decide() (rules.Type, string)
}

// newWatcher returns nothing for a column whose type is known.
func newWatcher(input *table.Table, position int, settings *Settings) (watcher, error) {
	column := &input.Columns[position]
	spec := settings.spec(column.Name)
	if spec.Type != "" {
		return nil, nil
	}
	if column.Native == rules.Integer {
		return &integerWatcher{column: column, isPrivate: spec.Private}, nil
	}
	if !input.IsUntyped() {
		return nil, nil
	}
	preferred := preferredType(spec.Constraints)
	spec.Constraints = nil
	spec.Type = rules.String
	field, err := settings.compile(spec)
	if err != nil {
		return nil, err
	}
	return &textWatcher{rules.NewInference(field, input.Rows), preferred}, nil
}

// preferredType is what the constraints say of a column without any value.
func preferredType(constraints *rules.Constraints) rules.Type {
	if constraints == nil {
		return rules.String
	}
	for _, bound := range []any{constraints.Minimum, constraints.Maximum, constraints.ExclusiveMinimum, constraints.ExclusiveMaximum} {
		switch bound.(type) {
		case string:
			return rules.Datetime
		case int64, float64:
			return rules.Number
		}
	}
	return rules.String
}

type textWatcher struct {
	*rules.Inference
	preferred rules.Type
}

func (w *textWatcher) Add(value rules.Value, row int64) {
	if value.Present {
		w.Inference.Add(value.Text, row)
	}
}

func (w *textWatcher) Decide() (rules.Type, string) {
	if w.IsEmpty() {
		return w.preferred, ""
	}
	return w.Inference.Decide()
}

// integerWatcher looks for an integer that a double can't hold; then the column becomes texts.
type integerWatcher struct {
	column    *table.Column
	isPrivate bool
	row       int64
	text      string
}

func (w *integerWatcher) Add(value rules.Value, row int64) {
	if value.Present && w.row == 0 && !w.column.IsExact(value) {
		w.row, w.text = row, w.column.Text(value)
	}
}

func (w *integerWatcher) Decide() (rules.Type, string) {
	if w.row == 0 {
		return rules.Integer, ""
	}
	first := fmt.Sprintf("in row %d", w.row)
	if !w.isPrivate {
		first += ": " + w.text
	}
	return rules.String, fmt.Sprintf(
		"column %s becomes a string: not every integer is within ±2^53, the first %s; [clean.columns.%s] type = \"number\" reads it rounded",
		w.column.Name, first, w.column.Name)
}

func watch(ctx context.Context, log *contract.Log, input *table.Table, watchers []watcher) error {
	progress := log.Progress("rows looked at for their types", input.Rows)
	return input.Each(ctx, func(_ int, batch table.Batch) error {
		progress.Add(int64(batch.Rows))
		return table.EachColumn(len(watchers), func(i int) error {
			if watchers[i] == nil {
				return nil
			}
			for row, value := range batch.Columns[i] {
				watchers[i].Add(value, batch.FirstRow+int64(row))
			}
			return nil
		})
	})
}
