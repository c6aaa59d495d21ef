package cleaning

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"stagecoach/rules"
)

// profile is what stands in a column of the cleaned table.
type profile struct {
	field   *rules.Field
	rows    int64
	missing int64
	texts   map[string]int64
	numbers map[uint64]int64
	least   float64
	most    float64
	sum     float64
	lost    float64 // what rounding took from the sum
	// With more distinct values than are counted, only their range is told.
	isCrowded bool
}

const (
	mostDistinct = 10_000
	mostFrequent = 20
)

func newProfile(field *rules.Field) *profile {
	return &profile{field: field, texts: map[string]int64{}, numbers: map[uint64]int64{}, least: math.Inf(1), most: math.Inf(-1)}
}

func (p *profile) add(value rules.Value) {
	p.rows++
	if !value.Present {
		p.missing++
		return
	}
	if p.field.Type == rules.String {
		p.addText(value.Text)
		return
	}
	number := float64(value.Integer)
	if p.field.Type == rules.Number {
		number = value.Number + 0 // minus zero is zero
	}
	p.least, p.most = min(p.least, number), max(p.most, number)
	p.addToSum(number)
	if !p.isCrowded {
		p.numbers[math.Float64bits(number)]++
		p.isCrowded = len(p.numbers) > mostDistinct
	}
}

// addToSum is Neumaier's summation: exact to the last digit, whatever the order.
func (p *profile) addToSum(number float64) {
	sum := p.sum + number
	if math.Abs(p.sum) >= math.Abs(number) {
		p.lost += (p.sum - sum) + number
	} else {
		p.lost += (number - sum) + p.sum
	}
	p.sum = sum
}

func (p *profile) addText(text string) {
	if p.isCrowded {
		return
	}
	if count, isKnown := p.texts[text]; isKnown {
		p.texts[text] = count + 1
		return
	}
	p.texts[strings.Clone(text)] = 1 // the batch's buffer is used again
	p.isCrowded = len(p.texts) > mostDistinct
}

// column is an entry of profile.json.
type column struct {
	Name     string     `json:"name"`
	Type     rules.Type `json:"type"`
	Rows     int64      `json:"rows"`
	Missing  int64      `json:"missing"`
	Distinct *int       `json:"distinct,omitempty"`
	MoreThan int        `json:"distinct_more_than,omitempty"`
	Minimum  any        `json:"minimum,omitempty"`
	Maximum  any        `json:"maximum,omitempty"`
	Mean     any        `json:"mean,omitempty"`
	Earliest string     `json:"earliest,omitempty"`
	Latest   string     `json:"latest,omitempty"`
	Frequent []frequent `json:"frequent,omitempty"`
}

type frequent struct {
	Value any   `json:"value"`
	Rows  int64 `json:"rows"`
}

// describe returns the column's entry; of a private one counts alone.
func (p *profile) describe() column {
	described := column{Name: p.field.Name, Type: p.field.Type, Rows: p.rows, Missing: p.missing}
	if distinct := len(p.texts) + len(p.numbers); p.isCrowded {
		described.MoreThan = mostDistinct
	} else {
		described.Distinct = &distinct
	}
	present := p.rows - p.missing
	if p.field.Private || present == 0 {
		return described
	}
	switch p.field.Type {
	case rules.String, rules.Boolean:
		described.Frequent = p.frequent()
	case rules.Integer:
		described.Minimum, described.Maximum = int64(p.least), int64(p.most)
	case rules.Number:
		described.Minimum, described.Maximum = p.least, p.most
	case rules.Date:
		described.Earliest, described.Latest = rules.FormatDate(int64(p.least)), rules.FormatDate(int64(p.most))
	case rules.Datetime:
		described.Earliest, described.Latest = rules.FormatDatetime(int64(p.least)), rules.FormatDatetime(int64(p.most))
	}
	if mean := (p.sum + p.lost) / float64(present); described.Minimum != nil && mean-mean == 0 {
		described.Mean = mean
	}
	return described
}

// frequent returns the most frequent values, equally frequent ones in their order.
func (p *profile) frequent() []frequent {
	if p.isCrowded {
		return nil
	}
	var values []frequent
	for _, text := range keys(p.texts) {
		values = append(values, frequent{text, p.texts[text]})
	}
	for _, truth := range []bool{false, true} {
		if count := p.numbers[math.Float64bits(map[bool]float64{true: 1}[truth])]; count > 0 {
			values = append(values, frequent{truth, count})
		}
	}
	slices.SortStableFunc(values, func(a, b frequent) int { return cmp.Compare(b.Rows, a.Rows) })
	return values[:min(len(values), mostFrequent)]
}
