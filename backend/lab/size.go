package lab

import (
	"fmt"
	"regexp"
	"strconv"
)

// Size is a number of bytes with three digits at most, as in 1.5 GiB.
func Size(bytes int64) string {
	value, unit := float64(bytes), "B"
	for _, larger := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if value < 1000 {
			break
		}
		value, unit = value/1024, larger
	}
	if value >= 10 || value == float64(int64(value)) {
		return fmt.Sprintf("%.0f %s", value, unit)
	}
	return fmt.Sprintf("%.1f %s", value, unit)
}

var sizePattern = regexp.MustCompile(`^([0-9]{1,6})([MGT])(?:i?B)?$`)

// ParseSize reads a size as people write it, such as 512M, 20G or 20GiB; KindInvalid
// for anything else.
func ParseSize(text string) (bytes int64, err error) {
	m := sizePattern.FindStringSubmatch(text)
	if m == nil {
		return 0, Errorf(KindInvalid, "%q is not a size", text).WithHint("Write it as in 512M, 20G or 1T.")
	}
	n, err := strconv.ParseInt(m[1], 10, 64)
	return n << map[string]int{"M": 20, "G": 30, "T": 40}[m[2]], err
}
