package rules

import (
	"strings"
	"unicode/utf8"
)

// Trim removes the characters with the Unicode property White_Space from both ends.
func Trim(text string) string {
	if text == "" || isPlain(text[0]) && isPlain(text[len(text)-1]) {
		return text
	}
	return strings.TrimFunc(text, isWhiteSpace)
}

func isPlain(char byte) bool { return ' ' < char && char < utf8.RuneSelf }

// isWhiteSpace spells the property out, since a library's table may be of another Unicode version.
func isWhiteSpace(char rune) bool {
	switch {
	case 0x09 <= char && char <= 0x0d, 0x2000 <= char && char <= 0x200a:
		return true
	}
	switch char {
	case 0x20, 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000:
		return true
	}
	return false
}
