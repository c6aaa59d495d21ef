package cleaning

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"testing"

	"stagecoach/contract"
)

type settingsSchema struct {
	Properties map[string]struct {
		Default              any
		AdditionalProperties struct{ Properties map[string]any }
	}
}

func readSchema(t *testing.T) settingsSchema {
	t.Helper()
	text, err := os.ReadFile(os.Getenv("SETTINGS_SCHEMA"))
	if err != nil {
		t.Fatalf("set SETTINGS_SCHEMA to swaps/clean-go/settings.schema.json: %s", err)
	}
	var schema settingsSchema
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	return schema
}

func TestTheSchemaHasTheDefaultsOfTheSettings(t *testing.T) {
	settings, err := ReadSettings(&contract.Pipeline{})
	if err != nil {
		t.Fatal(err)
	}
	var resolved map[string]any
	if err := json.Unmarshal([]byte(settings.Text), &resolved); err != nil {
		t.Fatal(err)
	}

	stated := map[string]any{}
	for name, property := range readSchema(t).Properties {
		stated[name] = property.Default
	}
	if !reflect.DeepEqual(stated, resolved) {
		t.Errorf("the schema has %v, the code %v", stated, resolved)
	}
}

func TestTheSchemaHasTheKeysOfAColumn(t *testing.T) {
	columns := keys(readSchema(t).Properties["columns"].AdditionalProperties.Properties)

	if known := keys(columnKeys); !slices.Equal(columns, known) {
		t.Errorf("the schema has %v, the code %v", columns, known)
	}
}
