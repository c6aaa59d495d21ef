package rules

import (
	"strings"
	"testing"
)

func infer(t *testing.T, spec FieldSpec, texts ...string) (Type, string) {
	t.Helper()
	field, err := Compile(spec, []string{"", "NA"}, "UTC")
	if err != nil {
		t.Fatal(err)
	}
	inference := NewInference(field, int64(len(texts)))
	for i, text := range texts {
		inference.Add(text, int64(i)+1)
	}
	return inference.Decide()
}

func TestAColumnHasTheNarrowestTypeThatEveryValueHas(t *testing.T) {
	for _, example := range []struct {
		texts    string
		expected Type
	}{
		{"true|False|NA", Boolean},
		{" 1 |NA|-2", Integer},
		{"1|2.5", Number},
		{"1.0|2.0", Number},
		{"1e3|2", Number},
		{"2024-02-29|2023-01-01", Date},
		{"2024-02-29|2023-01-01 12:00", Datetime},
		{"1|x", String},
		{"01234|56789", String},
		{"0|10", Integer},
		{"0.5|0", Number},
		{"00.5|1", String},
		{"9007199254740992|1", Integer},
		{"9007199254740993|1", String},
		{"9007199254740993|1.5", Number},
		{"2024-02-30|2024-02-28", String},
		{"NA||", String},
		{"", String},
	} {
		got, warning := infer(t, FieldSpec{Name: "x"}, strings.Split(example.texts, "|")...)

		if got != example.expected {
			t.Errorf("%s: got %s, expected %s", example.texts, got, example.expected)
		}
		if isTooLarge := example.texts == "9007199254740993|1"; isTooLarge != (warning != "") {
			t.Errorf("%s: the warning is %q", example.texts, warning)
		}
	}
}

func TestAFewValuesOfAnotherTypeAreWorthAWarningThatNamesTheFirst(t *testing.T) {
	texts := append(slicesOf("5", 99), "five")

	got, warning := infer(t, FieldSpec{Name: "x"}, texts...)

	if got != String || !strings.Contains(warning, "1 of 100") || !strings.Contains(warning, "row 100: 'five'") {
		t.Errorf("got %s: %s", got, warning)
	}
}

func TestAPrivateValueIsNotInTheWarning(t *testing.T) {
	_, warning := infer(t, FieldSpec{Name: "x", Private: true}, append(slicesOf("5", 99), "five")...)

	if !strings.Contains(warning, "row 100") || strings.Contains(warning, "five") {
		t.Error(warning)
	}
}

func TestManyValuesOfAnotherTypeAreNotWorthAWarning(t *testing.T) {
	got, warning := infer(t, FieldSpec{Name: "x"}, append(slicesOf("5", 95), slicesOf("five", 5)...)...)

	if got != String || warning != "" {
		t.Errorf("got %s: %s", got, warning)
	}
}

func TestAColumnsOwnWordsAreBooleans(t *testing.T) {
	spec := FieldSpec{Name: "x", TrueValues: &[]string{"1"}, FalseValues: &[]string{"0"}}

	if got, _ := infer(t, spec, "1", "0"); got != Boolean {
		t.Errorf("got %s", got)
	}
}

func slicesOf(text string, count int) []string {
	return strings.Split(strings.Repeat(text+"|", count-1)+text, "|")
}
