package lab

// Host is what the machine that runs the nodes can do.
type Host struct {
	URI          string `json:"uri"`
	Profile      string `json:"profile"` // session or system
	Hypervisor   string `json:"hypervisor"`
	CPUs         int    `json:"cpus"`
	MemoryMiB    int    `json:"memoryMiB"`
	FreeMiB      int    `json:"freeMiB"` // memory free now
	Accelerated  bool   `json:"accelerated"`
	Acceleration string `json:"acceleration"`     // kvm or tcg, and why, as a sentence
	UEFI         bool   `json:"uefi"`             // nodes can boot by it
	NoUEFI       string `json:"noUEFI,omitempty"` // why they can not, as a sentence
	TPM          bool   `json:"tpm"`              // nodes can have a TPM 2.0
	NoTPM        string `json:"noTPM,omitempty"`
	PoolPath     string `json:"poolPath"`
	PoolBytes    int64  `json:"poolBytes"`     // size of the file system of the pool
	PoolFree     int64  `json:"poolFreeBytes"` // free on it
}

// Room is what is free on the disk of the pool, as it was when Status became
// what it is.
type Room struct {
	Status CheckStatus `json:"status"`
	Free   int64       `json:"free"`  // bytes
	Bytes  int64       `json:"bytes"` // size of the file system
	Path   string      `json:"path"`  // of the pool
}

// lowRoom is what should be free on the pool's disk, in bytes.
const lowRoom = 5 << 30

// Room tells whether the pool's disk has room enough.
func (h Host) Room() Room {
	r := Room{Status: CheckOK, Free: h.PoolFree, Bytes: h.PoolBytes, Path: h.PoolPath}
	switch {
	case r.Free < lowRoom/10:
		r.Status = CheckFailed
	case r.Free < lowRoom:
		r.Status = CheckWarning
	}
	return r
}

// Check is one line of the doctor: what was checked, what was found, and the
// one command that mends it.
type Check struct {
	Name    string      `json:"name"`
	Status  CheckStatus `json:"status"`
	Message string      `json:"message"`
	Remedy  string      `json:"remedy,omitempty"` // a command to run, or empty
}

// CheckStatus is the outcome of a check.
type CheckStatus string

// The outcomes of a check.
const (
	CheckOK      CheckStatus = "ok"
	CheckWarning CheckStatus = "warning" // it works, worse than it could
	CheckFailed  CheckStatus = "failed"  // something will not work
)

// CheckStatuses lists every outcome of a check.
var CheckStatuses = []CheckStatus{CheckOK, CheckWarning, CheckFailed}

// Health is the doctor's report: what the host is, where it could be asked, and the checks.
type Health struct {
	Host   *Host   `json:"host,omitempty"`
	Checks []Check `json:"checks"`
}
