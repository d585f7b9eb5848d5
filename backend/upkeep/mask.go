package upkeep

import "regexp"

// secrets are what must not be read in a log or a report, whoever wrote it there:
// the password of an address, values by their names, and hashes of crypt(5).
var secrets = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{regexp.MustCompile(`(://[^:/?#@\s"\\]*):[^@/\s"]*@`), `$1:********@`},
	{regexp.MustCompile(`(?i)((?:password|passwd|secret|token|ticket|authorization)\\?["']?\s?[=:]\s?\\?["']?)[^\s"'&,;\\>]+`), `$1********`},
	{regexp.MustCompile(`\$(?:1|5|6|y|2[aby])\$[./A-Za-z0-9$=,]{8,}`), `********`},
}

// Masked gives a text without the secrets that may be in it.
func Masked(text []byte) []byte {
	for _, s := range secrets {
		text = s.pattern.ReplaceAll(text, []byte(s.by))
	}
	return text
}
