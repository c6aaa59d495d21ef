package rules

import (
	"fmt"
	"time"
)

const (
	secondsOfDay = 86_400
	micros       = 1_000_000

	firstDay = -719_162  // 0001-01-01
	lastDay  = 2_932_896 // 9999-12-31
)

func isInYears(instant int64) bool {
	return firstDay*secondsOfDay*micros <= instant && instant < (lastDay+1)*secondsOfDay*micros
}

// ParseDate reads YYYY-MM-DD as days since 1970; a day that does not exist is none.
func ParseDate(text string) (int64, bool) {
	if len(text) != len("YYYY-MM-DD") || text[4] != '-' || text[7] != '-' {
		return 0, false
	}
	year, isYear := fixed(text[:4])
	month, isMonth := fixed(text[5:7])
	day, isDay := fixed(text[8:])
	if !isYear || !isMonth || !isDay || year < 1 || month < 1 || month > 12 || day < 1 || day > daysOf(year, month) {
		return 0, false
	}
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Unix() / secondsOfDay, true
}

// fixed reads a text of digits alone.
func fixed(text string) (int, bool) {
	value := 0
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
		value = value*10 + int(text[i]-'0')
	}
	return value, true
}

func daysOf(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// ParseDatetime reads a datetime as microseconds since 1970 in UTC; without an offset it is in the zone.
func (z *Zone) ParseDatetime(text string) (int64, bool) {
	const dateLength, timeLength = len("YYYY-MM-DD"), len("THH:MM")
	if len(text) < dateLength {
		return 0, false
	}
	days, ok := ParseDate(text[:dateLength])
	if !ok {
		return 0, false
	}
	wall := days * secondsOfDay * micros
	rest := text[dateLength:]
	if rest == "" {
		return z.instantInYears(wall)
	}
	if len(rest) < timeLength || rest[0] != 'T' && rest[0] != ' ' || rest[3] != ':' {
		return 0, false
	}
	hour, isHour := fixed(rest[1:3])
	minute, isMinute := fixed(rest[4:6])
	if !isHour || !isMinute || hour > 23 || minute > 59 {
		return 0, false
	}
	wall += int64(hour*3600+minute*60) * micros
	seconds, rest, ok := parseSeconds(rest[timeLength:])
	if !ok {
		return 0, false
	}
	wall += seconds
	if rest == "" {
		return z.instantInYears(wall)
	}
	offset, ok := parseOffset(rest)
	instant := wall - offset
	return instant, ok && isInYears(instant)
}

// parseSeconds reads the optional :SS and fraction; digits behind the microseconds are cut.
func parseSeconds(text string) (value int64, rest string, ok bool) {
	if text == "" || text[0] != ':' {
		return 0, text, true
	}
	if len(text) < 3 {
		return 0, "", false
	}
	second, isSecond := fixed(text[1:3])
	if !isSecond || second > 59 {
		return 0, "", false
	}
	rest = text[3:]
	value = int64(second) * micros
	if rest == "" || rest[0] != '.' {
		return value, rest, true
	}
	count := digits(rest[1:])
	if count < 1 || count > 9 {
		return 0, "", false
	}
	unit := int64(micros / 10)
	for _, digit := range rest[1 : 1+count] {
		value += int64(digit-'0') * unit
		unit /= 10
	}
	return value, rest[1+count:], true
}

// parseOffset reads Z, ±HH, ±HHMM or ±HH:MM, behind a space if need be, as microseconds.
func parseOffset(text string) (int64, bool) {
	if text[0] == ' ' {
		text = text[1:]
	}
	if text == "Z" {
		return 0, true
	}
	if text == "" || text[0] != '+' && text[0] != '-' {
		return 0, false
	}
	parts := text[1:]
	if len(parts) == 5 && parts[2] == ':' {
		parts = parts[:2] + parts[3:]
	}
	if len(parts) == 2 {
		parts += "00"
	}
	value, ok := fixed(parts)
	if !ok || len(parts) != 4 || value/100 > 23 || value%100 > 59 {
		return 0, false
	}
	offset := int64(value/100*3600+value%100*60) * micros
	if text[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// FormatDate writes days since 1970 as YYYY-MM-DD.
func FormatDate(days int64) string {
	return time.Unix(days*secondsOfDay, 0).UTC().Format(time.DateOnly)
}

// FormatDatetime writes microseconds since 1970 as RFC 3339, with six digits or none.
func FormatDatetime(instant int64) string {
	moment := time.UnixMicro(instant).UTC()
	if fraction := moment.Nanosecond() / 1000; fraction != 0 {
		return fmt.Sprintf("%s.%06dZ", moment.Format("2006-01-02T15:04:05"), fraction)
	}
	return moment.Format(time.RFC3339)
}
