package lab

import (
	"context"
	"time"
)

// Usage is what a node with a process has used since it was started. The
// counters only grow, so that two of them give a rate.
type Usage struct {
	ID            string    `json:"id"`
	At            time.Time `json:"at" ts_type:"string"` // when it was read
	CPUMillis     int64     `json:"cpuMillis"`           // time of all its vCPUs together, in milliseconds
	MemoryBytes   int64     `json:"memoryBytes"`         // that its process holds of the host's; 0: not known
	DiskBytes     int64     `json:"diskBytes"`           // allocated by its overlay on the host's disk
	ReadBytes     int64     `json:"readBytes"`           // from its disks
	WrittenBytes  int64     `json:"writtenBytes"`        // to them
	ReceivedBytes int64     `json:"receivedBytes"`       // by its NICs
	SentBytes     int64     `json:"sentBytes"`           // by them
}

// Meter is a Hypervisor that can tell what nodes use.
type Meter interface {
	// Usage tells of every node with a process, in one call however many there
	// are. It MUST NOT wait for a domain that is busy: what can not be told at
	// once is left out, or zero.
	Usage(ctx context.Context) ([]Usage, error)
}
