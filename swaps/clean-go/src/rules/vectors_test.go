package rules

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// vector is an entry of the contract's cleaning.json.
type vector struct {
	About         string
	Field         FieldSpec
	MissingValues []string
	Timezone      string
	Text          *string
	JSON          json.RawMessage
	Value         any
	Error         string
	Seconds       *float64
}

func readVectors(t *testing.T) []vector {
	t.Helper()
	folder := os.Getenv("VECTORS")
	text, err := os.ReadFile(filepath.Join(folder, "cleaning.json"))
	if err != nil {
		t.Fatalf("set VECTORS to contract/examples/vectors: %s", err)
	}
	var vectors []vector
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) < 250 {
		t.Fatalf("only %d vectors were read", len(vectors))
	}
	return vectors
}

func (v vector) compile(t *testing.T) *Field {
	t.Helper()
	timezone := v.Timezone
	if timezone == "" {
		timezone = "UTC"
	}
	field, err := Compile(v.Field, v.MissingValues, timezone)
	if err != nil {
		t.Fatal(err)
	}
	return field
}

func TestATextMeansWhatTheContractSays(t *testing.T) {
	for _, vector := range readVectors(t) {
		if vector.Text == nil {
			continue
		}
		t.Run(vector.About, func(t *testing.T) {
			field := vector.compile(t)
			value, fault := field.ReadText(*vector.Text)
			vector.check(t, field, value, fault)
		})
	}
}

// What a typed source can hold: numbers in a number column and so on; the others are for serve, which reads JSON.
func TestATypedValueMeansWhatTheContractSays(t *testing.T) {
	asked := map[Type]int{}
	for _, vector := range readVectors(t) {
		value, isNative := native(vector)
		if !isNative {
			continue
		}
		asked[vector.Field.Type]++
		t.Run(vector.About, func(t *testing.T) {
			field := vector.compile(t)
			read, fault := field.ReadTyped(value)
			vector.check(t, field, read, fault)
		})
	}
	for _, kind := range []Type{Number, Integer, Boolean, String} {
		if asked[kind] == 0 {
			t.Errorf("no vector holds a typed %s", kind)
		}
	}
}

func native(v vector) (Value, bool) {
	var held any
	if v.JSON == nil || json.Unmarshal(v.JSON, &held) != nil {
		return Value{}, false
	}
	switch held := held.(type) {
	case nil:
		return Value{}, true
	case float64:
		if v.Field.Type == Integer {
			return Value{Present: true, Integer: int64(held)}, held == float64(int64(held))
		}
		return Value{Present: true, Number: held}, v.Field.Type == Number
	case bool:
		value := Value{Present: true}
		if held {
			value.Integer = 1
		}
		return value, v.Field.Type == Boolean
	case string:
		return Value{Present: true, Text: held}, v.Field.Type == String
	}
	return Value{}, false
}

func (v vector) check(t *testing.T, field *Field, value Value, fault Fault) {
	t.Helper()
	if v.Error != "" {
		isRight := fault == WrongType && v.Error == "type" || fault > WrongType && v.Error == "constraint"
		if !isRight {
			t.Errorf("got %+v and fault %d, expected an error: %s", value, fault, v.Error)
		}
		return
	}
	if fault != Fine {
		t.Fatalf("got %q, expected %v", field.Reason(fault), v.Value)
	}
	if got := plain(field.Type, value); got != v.Value {
		t.Errorf("got %v, expected %v", got, v.Value)
	}
	if v.Seconds != nil && seconds(field.Type, value) != *v.Seconds {
		t.Errorf("got %v seconds, expected %v", seconds(field.Type, value), *v.Seconds)
	}
}

// plain returns a value as encoding/json reads it.
func plain(kind Type, value Value) any {
	if !value.Present {
		return nil
	}
	switch kind {
	case Number:
		return value.Number
	case Integer:
		return float64(value.Integer)
	case Boolean:
		return value.Integer == 1
	case Date:
		return FormatDate(value.Integer)
	case Datetime:
		return FormatDatetime(value.Integer)
	}
	return value.Text
}

func seconds(kind Type, value Value) float64 {
	if kind == Date {
		return float64(value.Integer * secondsOfDay)
	}
	moment := time.UnixMicro(value.Integer)
	return float64(moment.UnixMicro()) / micros
}
