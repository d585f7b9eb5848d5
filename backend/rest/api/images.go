package api

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

// ImageName is the image that is meant.
type ImageName struct {
	Name string `path:"name" maxLength:"63" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" doc:"Name of the image."`
}

// imageDefaults is lab.Defaults as it is sent.
type imageDefaults struct {
	VCPUs     int          `json:"vcpus,omitempty" doc:"Virtual CPUs. 0: the settings'." minimum:"0" maximum:"255"`
	MemoryMiB int          `json:"memoryMiB,omitempty" doc:"Memory in MiB. 0: the settings'." minimum:"0" maximum:"1048576"`
	Firmware  lab.Firmware `json:"firmware,omitempty" enum:"bios,uefi" doc:"What its nodes boot by. Left out: BIOS."`
	TPM       bool         `json:"tpm,omitempty" doc:"Its nodes get a TPM 2.0."`
	CloudInit bool         `json:"cloudInit,omitempty" doc:"Its system runs cloud-init at its first boot."`
	User      string       `json:"user,omitempty" maxLength:"32" doc:"Whom its system expects to log in."`
}

// newImage is service.AddImageInput as it is sent. A file of this machine can not
// be named: it is uploaded.
type newImage struct {
	Name     string         `json:"name,omitempty" doc:"Left out: the entry's, the file's or the node's." maxLength:"63"`
	Entry    string         `json:"entry,omitempty" doc:"Make it of this entry of the catalogue." maxLength:"63"`
	Address  string         `json:"address,omitempty" doc:"Make it of the file at this address, https unless there is a sum." format:"uri" maxLength:"2000"`
	Node     string         `json:"node,omitempty" doc:"Make it of the disk of this node, which is off: its UUID." format:"uuid"`
	Upload   string         `json:"upload,omitempty" doc:"Make it of this upload, which is whole: its id. The upload is gone once the image is made." maxLength:"64"`
	Sum      string         `json:"sum,omitempty" doc:"SHA-256 or SHA-512 in hexadecimal digits that what is downloaded must have." pattern:"^([0-9a-fA-F]{64}|[0-9a-fA-F]{128})$"`
	Defaults *imageDefaults `json:"defaults,omitempty" doc:"Of its nodes. Left out: what the source suggests."`
	Compress bool           `json:"compress,omitempty" doc:"Compress the image: less room, more time."`
}

func (n newImage) input() service.AddImageInput {
	return service.AddImageInput{
		Name: n.Name, Entry: n.Entry, Address: n.Address, Sum: n.Sum, Node: n.Node, Compress: n.Compress,
		Defaults: (*lab.Defaults)(n.Defaults),
	}
}

type listedImages struct {
	Paging
	State []lab.ImageState `query:"state" enum:"ready,adding,changed" doc:"Only those in one of these states, with commas between."`
	Kind  []lab.ImageKind  `query:"kind" enum:"base,medium" doc:"Only those of one of these kinds."`
	Name  string           `query:"name" maxLength:"63" doc:"Only those whose name contains this, in whatever case."`
}

func (l listedImages) has(v lab.Image) bool {
	return among(l.State, v.State) && among(l.Kind, v.Kind) && holds(v.Name, l.Name)
}

const tagImages = "Images"

func (a *API) addImages() {
	add(a, operation{
		method: http.MethodGet, path: "/images", id: "listImages", tag: tagImages, verbs: []string{"Images"},
		summary: "List the images, by name", about: "Those being added too, and those whose addition failed until that is dismissed.",
	}, func(ctx context.Context, in *listedImages) (*answer[page[lab.Image]], error) {
		all, err := a.Service.Images(ctx)
		if err != nil {
			return nil, err
		}
		return cut(matching(all, in.has), in.Paging, func(v lab.Image) string { return v.Name })
	})
	act(a, operation{
		method: http.MethodPost, path: "/images", id: "addImage", tag: tagImages, verbs: []string{"AddImage"}, status: http.StatusCreated,
		summary: "Begin to make an image",
		about:   "Of exactly one of `entry`, `address`, `node` and `upload`. It is answered as `adding`, with what is done and how far it is; events tell the rest.",
	}, a.addImage)
	add(a, operation{
		method: http.MethodGet, path: "/images/{name}", id: "showImage", tag: tagImages, verbs: []string{"WaitImage"}, also: notModified,
		summary: "Show an image, and the work on it",
	}, a.showImage)
	act(a, operation{
		method: http.MethodPatch, path: "/images/{name}", id: "changeImage", tag: tagImages, verbs: []string{"ChangeImage"}, also: outdated,
		summary: "Change the defaults of an image's nodes to come",
	}, func(ctx context.Context, in *struct {
		ImageName
		Conditional
		Body struct {
			Defaults imageDefaults `json:"defaults" doc:"All of them: what is left out has none any more."`
		} `nameHint:"ImageChange"`
	},
	) (*tagged[lab.Image], error) {
		return in.changedImage(ctx, func(ctx context.Context) (lab.Image, error) {
			return a.Service.ChangeImage(ctx, in.Name, lab.Defaults(in.Body.Defaults))
		})
	})
	act(a, operation{
		method: http.MethodDelete, path: "/images/{name}", id: "removeImage", tag: tagImages, verbs: []string{"RemoveImage"}, also: outdated,
		summary: "Remove an image that no node uses, or dismiss an addition that failed",
	}, func(ctx context.Context, in *struct {
		ImageName
		Conditional
	},
	) (*none, error) {
		ctx, err := in.image(ctx)
		if err == nil {
			err = a.Service.RemoveImage(ctx, in.Name)
		}
		return nil, err
	})
	a.addCare()
	a.addCatalogue()
	a.addUnused()
}

func (a *API) addImage(ctx context.Context, in *struct {
	Idempotent
	Body newImage
},
) (*created[lab.Image], error) {
	var v lab.Image
	var err error
	if in.Body.Upload == "" {
		v, err = a.Service.AddImage(ctx, in.Body.input())
	} else {
		v, err = a.Uploads.AddImage(ctx, a.Service, in.Body.Upload, in.Body.input())
	}
	return &created[lab.Image]{Location: Prefix + "/images/" + url.PathEscape(v.Name), ETag: imageTag(v), Body: v}, err
}

func (a *API) showImage(ctx context.Context, in *struct {
	ImageName
	IfNoneMatch string `header:"If-None-Match" doc:"The ETag that you have: if the image is still that, the answer is 304 without a body."`
	Wait        int    `query:"wait" minimum:"0" maximum:"60" doc:"Answer once nothing is being done to the image, at the latest after so many seconds."`
},
) (*cached[lab.Image], error) {
	if in.Wait > 0 {
		limited, cancel := context.WithTimeout(ctx, time.Duration(in.Wait)*time.Second)
		defer cancel()
		// Whatever it ends with, the image itself tells.
		_, _ = a.Service.WaitImage(limited, in.Name)
	}
	all, err := a.Service.Images(ctx)
	for _, v := range all {
		if v.Name == in.Name {
			return unlessHad(v, imageTag(v), in.IfNoneMatch)
		}
	}
	if err == nil {
		err = lab.Errorf(lab.KindNotFound, "there is no image %q", in.Name).WithHint("List the images to see their names.")
	}
	return nil, err
}

// changedImage gives the answer of a verb that changes an image, if that is what If-Match names.
func (m Conditional) changedImage(ctx context.Context, do func(context.Context) (lab.Image, error)) (*tagged[lab.Image], error) {
	ctx, err := m.image(ctx)
	if err != nil {
		return nil, err
	}
	v, err := do(ctx)
	return &tagged[lab.Image]{ETag: imageTag(v), Body: v}, err
}

// addCare adds the work on images that are there.
func (a *API) addCare() {
	for _, care := range []struct {
		word, verb, summary string
		do                  func(*service.Service, context.Context, string) (lab.Image, error)
	}{
		{"verify", "VerifyImage", "Begin to compare the whole file of an image with its checksum", (*service.Service).VerifyImage},
		{"compress", "CompressImage", "Begin to make an image smaller that no node uses", (*service.Service).CompressImage},
	} {
		act(a, operation{
			method: http.MethodPost, path: "/images/{name}/" + care.word, id: care.word + "Image", tag: tagImages, verbs: []string{care.verb}, also: outdated, summary: care.summary,
		}, func(ctx context.Context, in *struct {
			ImageName
			Conditional
			Idempotent
		},
		) (*tagged[lab.Image], error) {
			return in.changedImage(ctx, func(ctx context.Context) (lab.Image, error) { return care.do(a.Service, ctx, in.Name) })
		})
	}
	act(a, operation{
		method: http.MethodPost, path: "/images/{name}/resize", id: "resizeImage", tag: tagImages, verbs: []string{"ResizeImage"}, also: outdated,
		summary: "Begin to make the disk of an image larger that no node uses",
	}, func(ctx context.Context, in *struct {
		ImageName
		Conditional
		Idempotent
		Body struct {
			Bytes int64 `json:"bytes" minimum:"512" maximum:"17592186044416" doc:"Size of the disk in bytes, a multiple of 512. It can not shrink."`
		} `nameHint:"ImageSize"`
	},
	) (*tagged[lab.Image], error) {
		return in.changedImage(ctx, func(ctx context.Context) (lab.Image, error) {
			return a.Service.ResizeImage(ctx, in.Name, in.Body.Bytes)
		})
	})
	act(a, operation{
		method: http.MethodPost, path: "/images/{name}/rename", id: "renameImage", tag: tagImages, verbs: []string{"RenameImage"}, also: outdated,
		summary: "Give an image another name", about: "Its nodes go with it.",
	}, func(ctx context.Context, in *struct {
		ImageName
		Conditional
		Idempotent
		Body rename
	},
	) (*tagged[lab.Image], error) {
		return in.changedImage(ctx, func(ctx context.Context) (lab.Image, error) {
			return a.Service.RenameImage(ctx, in.Name, in.Body.Name)
		})
	})
	act(a, operation{
		method: http.MethodPost, path: "/images/{name}/cancel", id: "cancelImage", tag: tagImages, verbs: []string{"CancelImage"},
		summary: "End the work on an image, or dismiss an addition that failed",
	}, func(ctx context.Context, in *struct {
		ImageName
		Idempotent
	},
	) (*none, error) {
		return nil, a.Service.CancelImage(ctx, in.Name)
	})
}

func (a *API) addCatalogue() {
	plainly(a, operation{
		method: http.MethodGet, path: "/catalogue", id: "listCatalogue", tag: tagImages, verbs: []string{"Catalogue"},
		summary: "List the images that publishers offer",
	}, a.Service.Catalogue)
	add(a, operation{
		method: http.MethodPost, path: "/catalogue/{id}/check", id: "checkEntry", tag: tagImages, verbs: []string{"CheckEntry"},
		summary: "Ask the publishers whether an entry of the catalogue can be had",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"63" doc:"Of the entry."`
		Idempotent
	},
	) (*answer[lab.EntryCheck], error) {
		v, err := a.Service.CheckEntry(ctx, in.ID)
		return &answer[lab.EntryCheck]{v}, err
	})
}

// addUnused adds what clears the library.
func (a *API) addUnused() {
	plainly(a, operation{
		method: http.MethodGet, path: "/unused-files", id: "listUnusedFiles", tag: tagImages, verbs: []string{"PruneImages"},
		summary: "List the files of the library that no node uses",
	}, func(ctx context.Context) ([]lab.Unused, error) {
		return a.Service.PruneImages(ctx, service.PruneInput{})
	})
	act(a, operation{
		method: http.MethodPost, path: "/unused-files/remove", id: "removeUnusedFiles", tag: tagImages, verbs: []string{"PruneImages"},
		summary: "Remove files of the library that no node uses",
		about:   "If one of them is in use, or not there, none is removed.",
	}, func(ctx context.Context, in *struct {
		Idempotent
		Body struct {
			Images  []string `json:"images,omitempty" maxItems:"1000" doc:"Names of images."`
			Volumes []string `json:"volumes,omitempty" maxItems:"1000" doc:"Volumes of no image."`
		} `nameHint:"UnusedFiles"`
	},
	) (*answer[[]lab.Unused], error) {
		v, err := a.Service.PruneImages(ctx, service.PruneInput(in.Body))
		return &answer[[]lab.Unused]{v}, err
	})
}
