package rules

import (
	"fmt"
	"math"
	"time"
	_ "time/tzdata" // an image from scratch has no zones
)

// Zone reads wall clocks; it remembers the last period without a change, so it is not for two goroutines at once.
type Zone struct {
	location    *time.Location
	from, until int64 // wall seconds for which `offset` alone is right
	offset      int64
}

// NewZone returns the zone of an IANA name.
func NewZone(name string) (*Zone, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("%q is no IANA zone", name) // Go would take these for UTC and the host's
	}
	location, err := time.LoadLocation(name)
	return &Zone{location: location}, err
}

// offsets are less than a day wide, so what a wall clock can mean lies this near.
const reach = 26 * 3600

func (z *Zone) instantInYears(wall int64) (int64, bool) {
	instant, ok := z.Instant(wall)
	return instant, ok && isInYears(instant)
}

// Instant returns what a wall clock (microseconds) means in UTC: of an hour that happens twice the first,
// and nothing for an hour that does not exist.
func (z *Zone) Instant(wall int64) (int64, bool) {
	seconds := floorDivide(wall, micros)
	if z.from <= seconds && seconds < z.until {
		return wall - z.offset*micros, true
	}
	earliest, found := int64(math.MaxInt64), false
	for _, offset := range z.offsetsNear(seconds) {
		candidate := seconds - offset
		if z.offsetAt(candidate) == offset && candidate < earliest {
			earliest, found = candidate, true
		}
	}
	return wall - (seconds-earliest)*micros, found
}

func floorDivide(value, by int64) int64 {
	quotient := value / by
	if value%by < 0 {
		quotient--
	}
	return quotient
}

func (z *Zone) offsetAt(seconds int64) int64 {
	_, offset := time.Unix(seconds, 0).In(z.location).Zone()
	return int64(offset)
}

// offsetsNear returns the offsets in force around a wall clock, and remembers a single one.
func (z *Zone) offsetsNear(seconds int64) []int64 {
	var offsets []int64
	moment := time.Unix(seconds-reach, 0).In(z.location)
	for {
		start, end := moment.ZoneBounds()
		offsets = append(offsets, z.offsetAt(moment.Unix()))
		if !end.IsZero() && end.Unix() <= seconds+reach {
			moment = end
			continue
		}
		if len(offsets) == 1 {
			z.remember(start, end, offsets[0])
		}
		return offsets
	}
}

func (z *Zone) remember(start, end time.Time, offset int64) {
	z.from, z.until, z.offset = math.MinInt64, math.MaxInt64, offset
	if !start.IsZero() {
		z.from = start.Unix() + reach
	}
	if !end.IsZero() {
		z.until = end.Unix() - reach
	}
}

// Localize returns what a wall clock means in the field's zone, and whether there is such an hour.
func (f *Field) Localize(wall int64) (int64, bool) { return f.zone.instantInYears(wall) }
