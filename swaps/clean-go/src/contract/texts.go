package contract

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// AppendText appends a text as JSON without escapes for what needs none, which encoding/json cannot.
func AppendText(out []byte, text string) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	for i := range len(text) {
		switch char := text[i]; char {
		case '"', '\\':
			out = append(out, '\\', char)
		case '\n':
			out = append(out, '\\', 'n')
		case '\r':
			out = append(out, '\\', 'r')
		case '\t':
			out = append(out, '\\', 't')
		case '\b':
			out = append(out, '\\', 'b')
		case '\f':
			out = append(out, '\\', 'f')
		default:
			if char < 0x20 {
				out = append(out, '\\', 'u', '0', '0', hex[char>>4], hex[char&15])
			} else {
				out = append(out, char)
			}
		}
	}
	return append(out, '"')
}

// AppendNumber appends the shortest decimal of a double; a whole one keeps its fraction, as in Python.
func AppendNumber(out []byte, number float64) []byte {
	text := strconv.FormatFloat(number, 'g', -1, 64)
	if exponent := decimalExponent(number); exponent >= -5 && exponent < 16 {
		text = strconv.FormatFloat(number, 'f', -1, 64)
		if !strings.Contains(text, ".") {
			text += ".0"
		}
	}
	return append(out, text...)
}

func decimalExponent(number float64) int {
	if number == 0 {
		return 0
	}
	_, exponent, _ := strings.Cut(strconv.FormatFloat(number, 'e', -1, 64), "e")
	value, _ := strconv.Atoi(exponent) // FormatFloat wrote it
	return value
}

// SettingsText returns values as the contract's one JSON text: keys sorted, no white space.
func SettingsText(values any) (string, error) {
	text, err := appendValue(nil, values)
	return string(text), err
}

func appendValue(out []byte, value any) ([]byte, error) {
	switch value := value.(type) {
	case nil:
		return append(out, "null"...), nil
	case bool:
		return strconv.AppendBool(out, value), nil
	case string:
		return AppendText(out, value), nil
	case int64:
		return strconv.AppendInt(out, value, 10), nil
	case float64:
		return AppendNumber(out, value), nil
	case json.Number:
		return append(out, value...), nil
	case []string:
		items := make([]any, len(value))
		for i, item := range value {
			items[i] = item
		}
		return appendValue(out, items)
	case []any:
		return appendItems(out, value)
	case map[string]any:
		return appendMembers(out, value)
	}
	return nil, fmt.Errorf("a setting of type %T has no JSON form", value)
}

func appendItems(out []byte, items []any) ([]byte, error) {
	var err error
	out = append(out, '[')
	for i, item := range items {
		if i > 0 {
			out = append(out, ',')
		}
		if out, err = appendValue(out, item); err != nil {
			return nil, err
		}
	}
	return append(out, ']'), nil
}

func appendMembers(out []byte, members map[string]any) ([]byte, error) {
	var err error
	out = append(out, '{')
	for i, key := range sortedKeys(members) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(AppendText(out, key), ':')
		if out, err = appendValue(out, members[key]); err != nil {
			return nil, err
		}
	}
	return append(out, '}'), nil
}

func sortedKeys[V any](members map[string]V) []string {
	keys := make([]string, 0, len(members))
	for key := range members {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// Pretty returns a value as indented JSON that ends in a newline.
func Pretty(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(value)
	return out.Bytes(), err
}
