package rules

import (
	"math"
	"strconv"
	"strings"
)

// MaxExact is 2⁵³: up to it a double holds every integer.
const MaxExact = 1 << 53

func isFinite(number float64) bool { return !math.IsInf(number, 0) && !math.IsNaN(number) }

func isExact(integer int64) bool { return -MaxExact <= integer && integer <= MaxExact }

// digits returns how many ASCII digits a text begins with.
func digits(text string) int {
	count := 0
	for count < len(text) && '0' <= text[count] && text[count] <= '9' {
		count++
	}
	return count
}

func unsigned(text string) string {
	if text != "" && (text[0] == '+' || text[0] == '-') {
		return text[1:]
	}
	return text
}

// ParseNumber reads [+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?, finite as a double.
func ParseNumber(text string) (float64, bool) {
	rest := unsigned(text)
	whole := digits(rest)
	rest = rest[whole:]
	fraction := 0
	if strings.HasPrefix(rest, ".") {
		fraction = digits(rest[1:])
		rest = rest[1+fraction:]
	}
	if whole+fraction == 0 {
		return 0, false
	}
	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		exponent := unsigned(rest[1:])
		if exponent == "" {
			return 0, false
		}
		rest = exponent[digits(exponent):]
	}
	if rest != "" {
		return 0, false
	}
	// What is beyond a double's range comes back as infinite.
	number, _ := strconv.ParseFloat(text, 64)
	return number, isFinite(number)
}

// ParseInteger reads [+-]?[0-9]+(\.0*)?, within ±2⁵³.
func ParseInteger(text string) (int64, bool) {
	rest := unsigned(text)
	whole := digits(rest)
	if whole == 0 {
		return 0, false
	}
	if fraction := rest[whole:]; fraction != "" {
		if fraction[0] != '.' || strings.Trim(fraction[1:], "0") != "" {
			return 0, false
		}
	}
	value, err := strconv.ParseInt(rest[:whole], 10, 64)
	if err != nil || value > MaxExact {
		return 0, false
	}
	if text[0] == '-' {
		value = -value
	}
	return value, true
}

// isWhole tells whether a text is an integer of any size, without fraction and leading zeros.
func isWhole(text string) bool {
	rest := unsigned(text)
	return rest != "" && digits(rest) == len(rest) && !hasLeadingZero(text)
}

// hasLeadingZero tells codes such as 01234 from numbers, which would lose the zero.
func hasLeadingZero(text string) bool {
	rest := unsigned(text)
	return len(rest) > 1 && rest[0] == '0' && '0' <= rest[1] && rest[1] <= '9'
}
