package cleaning

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"stagecoach/contract"
	"stagecoach/rules"
	"stagecoach/table"
)

// Clean fills the draft with table/, schema.json, profile.json and rejects/.
func Clean(ctx context.Context, log *contract.Log, source *contract.Artifact, draft *contract.Draft, settings *Settings) error {
	input, err := table.Open(source.Path, source.Parts("table"))
	if err != nil {
		return err
	}
	schema, err := decideSchema(ctx, log, input, settings)
	if err != nil {
		return err
	}
	fields := make([]*rules.Field, len(schema.Fields))
	for i, spec := range schema.Fields {
		if fields[i], err = settings.compile(spec); err != nil {
			return err
		}
	}
	run := &run{ctx: ctx, log: log, input: input, fields: fields, draft: draft.Path}
	if err := run.work(settings.DropDuplicates); err != nil {
		return err
	}
	if err := run.count(draft); err != nil {
		return err
	}
	return run.describe(schema)
}

// run is the state of one run.
type run struct {
	ctx        context.Context
	log        *contract.Log
	input      *table.Table
	fields     []*rules.Field
	draft      string
	copies     *copies
	profiles   []*profile
	quarantine *quarantine
	rows       int64
}

func (r *run) work(dropDuplicates bool) (err error) {
	if r.copies, err = openCopies(r.draft, r.input.Rows); err != nil {
		return err
	}
	defer func() {
		if removed := r.copies.remove(); err == nil {
			err = removed
		}
	}()
	if dropDuplicates {
		if err := r.findCopies(); err != nil {
			return err
		}
	}
	for _, field := range r.fields {
		r.profiles = append(r.profiles, newProfile(field))
	}
	r.quarantine = newQuarantine(r.draft, r.input.Columns, r.fields)
	if err := r.write(); err != nil {
		return err
	}
	return r.quarantine.close()
}

func (r *run) findCopies() error {
	progress := r.log.Progress("rows compared", r.input.Rows)
	cleaner := newCleaner(r.input.Columns, r.fields)
	err := r.input.Each(r.ctx, func(_ int, batch table.Batch) error {
		if err := cleaner.clean(batch); err != nil {
			return err
		}
		for row, first := range cleaner.first {
			if first >= 0 {
				continue
			}
			high, low := cleaner.hash(row)
			if err := r.copies.add(high, low, batch.FirstRow+int64(row)); err != nil {
				return err
			}
		}
		progress.Add(int64(batch.Rows))
		return nil
	})
	if err != nil {
		return err
	}
	return r.copies.find()
}

// count says what became of the rows, for the manifest and the log.
func (r *run) count(draft *contract.Draft) error {
	rejected, duplicates := r.quarantine.rejected(), r.quarantine.duplicates
	reasons := keys(r.quarantine.reasons)
	slices.SortStableFunc(reasons, func(a, b string) int { return int(r.quarantine.reasons[b] - r.quarantine.reasons[a]) })
	if r.rows == 0 {
		return contract.BadInput("all %d rows were rejected, %d of them for '%s', the first: %s; fix the source or the rules in [clean.columns]",
			r.input.Rows, r.quarantine.reasons[reasons[0]], reasons[0], r.quarantine.examples[reasons[0]])
	}
	for _, reason := range reasons {
		r.log.Info(nil, "%s rejected for '%s', the first: %s", contract.Thousands(r.quarantine.reasons[reason]), reason, r.quarantine.examples[reason])
	}
	draft.Rows = r.rows
	draft.Metrics = map[string]any{
		"rejected": rejected, "rows_in": r.input.Rows, "rejected_by_reason": r.quarantine.reasons, "duplicates": duplicates,
	}
	r.log.Info(draft.Metrics, "%s rows in, %s out, %s rejected, %s duplicates",
		contract.Thousands(r.input.Rows), contract.Thousands(r.rows), contract.Thousands(rejected), contract.Thousands(duplicates))
	return nil
}

func (r *run) describe(schema *rules.Schema) error {
	columns := make([]column, len(r.profiles))
	for i, profile := range r.profiles {
		columns[i] = profile.describe()
	}
	profiles := struct {
		Rows    int64    `json:"rows"`
		Columns []column `json:"columns"`
	}{r.rows, columns}
	for name, document := range map[string]any{"schema.json": schema, "profile.json": profiles} {
		text, err := contract.Pretty(document)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(r.draft, name), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
