package rules

import (
	"fmt"
	"strings"
)

// narrow holds the types other than string; the first that fits all values wins.
var narrow = []Type{Boolean, Integer, Number, Date, Datetime}

// toleratedShare of values of another type is so small that the type may well be meant: worth a warning.
const toleratedShare = 0.01

// Inference looks at a column of texts row by row, then decides its type.
type Inference struct {
	rules      *Field
	rows       int64
	present    int64
	candidates []candidate
	// Whether all values are integers of any size: then one that a double can't hold makes them texts.
	allWhole bool
}

// candidate is a type that is not given up, and the values that are not of it.
type candidate struct {
	asked  Field
	others int64
	row    int64
	text   string
}

// NewInference starts with a column's rules and the number of rows of the whole table.
func NewInference(rules *Field, rows int64) *Inference {
	inference := &Inference{rules: rules, rows: rows, allWhole: true}
	for _, kind := range narrow {
		asked := *rules
		asked.Type = kind
		inference.candidates = append(inference.candidates, candidate{asked: asked})
	}
	return inference
}

// Add looks at the next value.
func (i *Inference) Add(text string, row int64) {
	text = Trim(text)
	if i.rules.isMissing(text) {
		return
	}
	i.present++
	i.allWhole = i.allWhole && isWhole(text)
	kept := i.candidates[:0]
	for _, candidate := range i.candidates {
		if !candidate.fits(text) {
			if candidate.others == 0 {
				candidate.row, candidate.text = row, strings.Clone(text)
			}
			candidate.others++
		}
		// The integers are kept while all values are whole, to tell of the first that is too large.
		isHopeless := float64(candidate.others) > toleratedShare*float64(i.rows)
		if !isHopeless || candidate.asked.Type == Integer && i.allWhole {
			kept = append(kept, candidate)
		}
	}
	i.candidates = kept
}

func (c *candidate) fits(text string) bool {
	switch c.asked.Type {
	case Integer:
		// 5.0 is an integer where one is asked for, but a column of such texts is meant as numbers.
		if !isWhole(text) {
			return false
		}
	case Number:
		if hasLeadingZero(text) {
			return false
		}
	}
	_, ok := c.asked.parse(text)
	return ok
}

// Decide returns the narrowest type that every value has, and what a user should know about it.
func (i *Inference) Decide() (Type, string) {
	if i.present == 0 {
		return String, ""
	}
	if integer := i.find(Integer); integer != nil && i.allWhole && integer.others > 0 {
		return String, fmt.Sprintf(
			"column %s becomes a string: not every integer is within ±2^53, the first %s; [clean.columns.%s] type = \"number\" reads it rounded",
			i.rules.Name, i.show(integer), i.rules.Name)
	}
	var closest *candidate
	for position := range i.candidates {
		candidate := &i.candidates[position]
		if candidate.others == 0 {
			return candidate.asked.Type, ""
		}
		if closest == nil || candidate.others < closest.others {
			closest = candidate
		}
	}
	if closest == nil || float64(closest.others) > toleratedShare*float64(i.present) {
		return String, ""
	}
	kind := closest.asked.Type
	return String, fmt.Sprintf(
		"column %s becomes a string: %d of %d values are not %s, the first %s; [clean.columns.%s] type = %q makes it one and rejects the rows that do not fit",
		i.rules.Name, closest.others, i.present, Names[kind], i.show(closest), i.rules.Name, kind)
}

func (i *Inference) find(kind Type) *candidate {
	for position := range i.candidates {
		if i.candidates[position].asked.Type == kind {
			return &i.candidates[position]
		}
	}
	return nil
}

func (i *Inference) show(other *candidate) string {
	if i.rules.Private {
		return fmt.Sprintf("in row %d", other.row)
	}
	return fmt.Sprintf("in row %d: '%.40s'", other.row, other.text)
}

// IsEmpty tells whether no value was seen.
func (i *Inference) IsEmpty() bool { return i.present == 0 }
