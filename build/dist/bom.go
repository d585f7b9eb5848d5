package main

import (
	"bytes"
	"errors"
	"os"

	"github.com/CycloneDX/cyclonedx-go"
)

// writeBOM writes what the program consists of, for machines: CycloneDX as JSON,
// https://cyclonedx.org/specification/overview/. It has no serial number, which would
// be another one each time.
func (j *job) writeBOM(file string) error {
	itself := cyclonedx.Component{Type: cyclonedx.ComponentTypeApplication, BOMRef: "sandboxlabs", Name: "sandboxlabs", Version: j.version}
	components := make([]cyclonedx.Component, len(j.parts))
	refs := make([]string, len(j.parts))
	for i, p := range j.parts {
		components[i] = cyclonedx.Component{
			Type: cyclonedx.ComponentTypeLibrary, BOMRef: p.purl, Name: p.name, Version: p.version, PackageURL: p.purl,
		}
		if p.licence != "" {
			components[i].Licenses = &cyclonedx.Licenses{{License: &cyclonedx.License{Name: p.licence}}}
		}
		refs[i] = p.purl
	}
	bom := cyclonedx.NewBOM()
	bom.Metadata = &cyclonedx.Metadata{Timestamp: j.time.UTC().Format("2006-01-02T15:04:05Z"), Component: &itself}
	bom.Components = &components
	bom.Dependencies = &[]cyclonedx.Dependency{{Ref: itself.BOMRef, Dependencies: &refs}}
	var b bytes.Buffer
	if err := cyclonedx.NewBOMEncoder(&b, cyclonedx.BOMFileFormatJSON).SetPretty(true).Encode(bom); err != nil {
		return err
	}
	return errors.Join(os.WriteFile(file, b.Bytes(), 0o644), os.Chmod(file, 0o644))
}
