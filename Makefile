# SandBoxLabs. `make help` says what there is.
# The commands may run as another user than the owner of this tree, in containers for one.
export GIT_CONFIG_COUNT := 1
export GIT_CONFIG_KEY_0 := safe.directory
export GIT_CONFIG_VALUE_0 := $(CURDIR)

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
export CGO_ENABLED := 1
# For all that is compiled: the tests find what the build has compiled.
export GOFLAGS := -trimpath

TAGS  := desktop,production,webkit2_41,libvirt_dlopen,libvirt_without_lxc
# The version of a tag, or of a commit, as Go spells it. Go itself stamps no linked worktree.
VERSION := $(shell git describe --tags --exact-match --match 'v[0-9]*' 2>/dev/null || \
  TZ=UTC git log -1 --abbrev=12 --date=format-local:%Y%m%d%H%M%S --format=v0.0.0-%cd-%h 2>/dev/null)$(if $(shell git status --porcelain 2>/dev/null),+dirty)
LINT  := build/out/tools/golangci-lint
LINT_VERSION := v2.7.2
NFPM  := build/out/tools/nfpm
NFPM_VERSION := v2.45.2
PAGE  := frontend/dist/index.html
# What takes longest begins first, so that all processors have work to the end.
LONGEST := ./build/story ./build/systest ./backend/virt ./images/tiny ./build/dist
TINY  := build/out/tiny.qcow2
CLOUD := build/out/cloud.qcow2

help: ## say what there is
	@sed -n 's/^\([a-z0-9]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

run: setup build ## set up, build, and open the window (without a display: serve the page)
	@build/run.sh

test: setup-tools bound ## prove it all: real libvirt, real guests, the page and the window
	$(MAKE) --no-print-directory -j3 --output-sync=target lint build image $(CLOUD) $(NFPM) guacd
	@# Scripts are ended at nine tenths of the timeout: on a slow machine they take more than 18 minutes.
	go test -tags $(TAGS) -json -count=1 -vet=off -p 2 -timeout 30m $(LONGEST) ./... | go run ./build/tally

e2e: setup-test build image ## the page's tests in a browser alone; ONLY=nodes.spec for one file of them
	go test -tags $(TAGS) -count=1 -v -timeout 20m -run '^TestPage$$' ./build/story

check: bound ## formatting, lint, types, unit tests, generated files
	$(MAKE) --no-print-directory -j3 --output-sync=target lint
	go test -tags $(TAGS) -short ./...

# In pieces, of which most use one processor alone. The linter looks through the eyes of go vet too.
lint: lint-go lint-shell lint-page lint-words types test-page

# Without -trimpath: with it Go keeps one copy of what cgo writes for all folders, in which the
# linter then reads the names of another checkout's files.
lint-go: build $(LINT)
	$(LINT) fmt --diff
	GOFLAGS= $(LINT) run

lint-shell:
	shellcheck .ci/run $$(git ls-files '*.sh')

lint-page: $(PAGE)
	cd frontend && npm run --silent lint

lint-words: frontend/node_modules/.ready
	go run ./build/words | node frontend/words/words.js check

types: frontend/node_modules/.ready
	cd frontend && npm run --silent check

test-page: frontend/node_modules/.ready
	cd frontend && npm test --silent

# Nobody may read what is generated meanwhile.
bound: bindings
	git diff --exit-code -- frontend/wailsjs

build: $(PAGE) ## leave the program at build/bin/sandboxlabs
	go build -buildvcs=false -tags $(TAGS) -ldflags "-s -w -X main.release=$(VERSION)" -o build/bin/sandboxlabs .

dist: setup-test build $(NFPM) ## leave .deb, .rpm, tarball, SBOM and checksums in build/out/dist; SITE=address for the screenshots
	go run ./build/dist -site "$(SITE)"

fuzz: setup-test ## have schemathesis try the API for FOR (300) seconds, and Go every parser for a minute
	FUZZ_SECONDS=$(or $(FOR),300) go test -tags $(TAGS) -count=1 -v -timeout 1h -run '^TestFuzzerFindsNothing$$' ./backend/rest/api
	go test -tags $(TAGS) -list '^Fuzz' ./backend/... | awk '/^Fuzz/ { names[n++] = $$1 } /^ok/ { while (n > 0) print names[--n], $$2 }' | \
	  while read -r name package; do go test -tags $(TAGS) -run '^$$' -fuzz "^$$name$$" -fuzztime 60s "$$package" || exit 1; done

bench: setup-bench build image ## measure it beside qemu-img and virsh
	go run -tags $(TAGS) ./build/bench
	go test -tags $(TAGS) -run '^$$' -bench . ./backend/guacamole

soak: setup-test build image ## keep the page busy for MINUTES (30): its memory must level off
	go run -tags $(TAGS) ./build/bench -soak $(or $(MINUTES),30)

image: $(TINY) ## build the tiny guest, build/out/tiny.qcow2

bindings: ## generate frontend/wailsjs from package app
	go run -tags bindings,webkit2_41 ./app/bindgen >/dev/null

# Those of glibc have a version.
symbols: ## list what the window calls of GTK and WebKitGTK, app/toolkit/symbols.h
	go test -c -tags $(TAGS),toolkit_linked -o build/out/linked.test ./app
	LC_ALL=C nm -D --undefined-only build/out/linked.test | awk '$$1 == "U" && $$2 !~ /@/ { print "SYMBOL(" $$2 ")" }' >app/toolkit/symbols.h

words: frontend/node_modules/.ready ## bring the catalogues of texts, backend/words/*.po, up to the sources
	go run ./build/words | node frontend/words/words.js

fmt: frontend/node_modules/.ready $(LINT) ## format everything
	$(LINT) fmt
	cd frontend && npm run --silent format

setup: ## install what is missing to build and run it
	@build/setup.sh run

setup-bench: setup-test
	@build/setup.sh bench

setup-test: setup-tools guacd

setup-tools:
	@build/setup.sh test

guacd:
	@build/stand/guacd.sh build/out/guacd

$(TINY): $(shell find images/tiny -type f ! -name '*.go')
	images/tiny/build.sh $@

# The guest that runs cloud-init, for the tests alone; it finds the packages that the tiny one fetched.
$(CLOUD): images/tiny/build.sh $(shell find images/cloud -type f) | $(TINY)
	images/cloud/build.sh $@

frontend/node_modules/.ready: frontend/package.json frontend/package-lock.json
	cd frontend && npm ci --no-audit --no-fund
	@touch $@

$(PAGE): frontend/node_modules/.ready $(shell find frontend ! -path 'frontend/node_modules*' ! -path 'frontend/dist*' ! -path 'frontend/e2e*' -type f)
	cd frontend && npm run --silent build

$(LINT): Makefile
	GOBIN="$(CURDIR)/build/out/tools" go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	@touch $@

$(NFPM): Makefile
	GOBIN="$(CURDIR)/build/out/tools" go install github.com/goreleaser/nfpm/v2/cmd/nfpm@$(NFPM_VERSION)
	@touch $@

export ONLY
.PHONY: help run test e2e check lint lint-go lint-shell lint-page lint-words types test-page bound build dist bench soak image bindings symbols words fmt setup setup-bench setup-test setup-tools guacd
