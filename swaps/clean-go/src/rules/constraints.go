package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// bound is a constraint on order: its name, its sign, and which comparisons pass.
type bound struct {
	name, sign string
	rule       any
	passes     func(comparison int) bool
}

func (f *Field) addChecks(rules Constraints) error {
	if rules.Required != nil && *rules.Required {
		f.required = len(f.checks)
		f.add("required", "a value", func(Value) bool { return true })
	}
	for _, bound := range []bound{
		{"minimum", "≥", rules.Minimum, func(c int) bool { return c >= 0 }},
		{"maximum", "≤", rules.Maximum, func(c int) bool { return c <= 0 }},
		{"exclusiveMinimum", ">", rules.ExclusiveMinimum, func(c int) bool { return c > 0 }},
		{"exclusiveMaximum", "<", rules.ExclusiveMaximum, func(c int) bool { return c < 0 }},
	} {
		if bound.rule == nil {
			continue
		}
		if err := f.addBound(bound); err != nil {
			return err
		}
	}
	if err := f.addTextChecks(rules); err != nil {
		return err
	}
	return f.addEnum(rules.Enum)
}

func (f *Field) add(name, expected string, passes func(Value) bool) {
	f.checks = append(f.checks, check{name, expected, passes})
}

func (f *Field) addBound(bound bound) error {
	expected := bound.sign + " " + show(bound.rule)
	switch f.Type {
	case Number, Integer:
		// As a number, since an integer may have a bound with a fraction.
		limit, ok := asNumber(bound.rule)
		if !ok {
			return fmt.Errorf("%s = %v does not fit a column of type %s; expected a number", bound.name, bound.rule, f.Type)
		}
		isInteger := f.Type == Integer
		f.add(bound.name, expected, func(value Value) bool {
			number := value.Number
			if isInteger {
				number = float64(value.Integer)
			}
			return bound.passes(order(number, limit))
		})
	case Date, Datetime:
		limit, err := f.parseRule(bound.name, bound.rule)
		if err != nil {
			return err
		}
		f.add(bound.name, expected, func(value Value) bool { return bound.passes(order(value.Integer, limit.Integer)) })
	default:
		return fmt.Errorf("%s does not fit a column of type %s; expected a number, date or datetime", bound.name, f.Type)
	}
	return nil
}

// show writes a rule as it stands in the settings.
func show(rule any) string {
	if number, isFloat := rule.(float64); isFloat {
		return strconv.FormatFloat(number, 'f', -1, 64)
	}
	return fmt.Sprint(rule)
}

func order[N int64 | float64](a, b N) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (f *Field) addTextChecks(rules Constraints) error {
	if rules.MinLength == nil && rules.MaxLength == nil && rules.Pattern == nil {
		return nil
	}
	if f.Type != String {
		return fmt.Errorf("minLength, maxLength and pattern do not fit a column of type %s; expected a string", f.Type)
	}
	if least := rules.MinLength; least != nil {
		f.add("minLength", fmt.Sprintf("at least %d characters", *least), func(value Value) bool {
			return int64(utf8.RuneCountInString(value.Text)) >= *least
		})
	}
	if most := rules.MaxLength; most != nil {
		f.add("maxLength", fmt.Sprintf("at most %d characters", *most), func(value Value) bool {
			return int64(utf8.RuneCountInString(value.Text)) <= *most
		})
	}
	if rules.Pattern == nil {
		return nil
	}
	// Alone first: inside the group below, a stray bracket might be taken for a right one.
	if _, err := regexp.Compile(*rules.Pattern); err != nil {
		return fmt.Errorf("pattern = %q is no RE2 expression (%w)", *rules.Pattern, err)
	}
	whole := regexp.MustCompile(`\A(?:` + *rules.Pattern + `)\z`)
	f.add("pattern", "a match of "+*rules.Pattern, func(value Value) bool { return whole.MatchString(value.Text) })
	return nil
}

func (f *Field) addEnum(rules []any) error {
	if rules == nil {
		return nil
	}
	var allowed []Value
	var shown []string
	for _, rule := range rules {
		value, err := f.parseRule("enum", rule)
		if err != nil {
			return err
		}
		allowed = append(allowed, value)
		shown = append(shown, show(rule))
	}
	f.add("enum", "one of "+strings.Join(shown, ", "), func(value Value) bool { return slices.Contains(allowed, value) })
	return nil
}
