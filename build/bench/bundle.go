package main

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

var (
	filePattern   = regexp.MustCompile(`[\w-]+\.(?:js|css)\b`)
	staticPattern = regexp.MustCompile(`(?:\bfrom|\bimport)\s*"\./([\w-]+\.js)"`)
)

// bundle weighs what the server gives to the page: at its start, and later.
func (b *bed) bundle(ctx context.Context) ([]row, error) {
	index, err := b.file(ctx, "/")
	if err != nil {
		return nil, err
	}
	all := b.assets(ctx, index)
	first := map[string]bool{}
	for _, name := range filePattern.FindAllString(index, -1) {
		loads(all, name, first)
	}
	for name := range all { // main.ts asks for these once it knows the language
		if slices.Contains([]string{"App.js", "App.css", "mishaps.js"}, stem(name)) {
			loads(all, name, first)
		}
	}
	sum := 0
	later := []row{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		size := zipped(all[name])
		if first[name] {
			sum += size
		} else {
			later = append(later, note("page, loaded later: "+stem(name), kilobytes(size)))
		}
	}
	start := row{what: "page, loaded at its start (gzip)", text: kilobytes(sum), aim: "< 250 kB"}
	return append([]row{start}, later...), nil
}

func kilobytes(n int) string { return fmt.Sprintf("%.1f kB", float64(n)/1000) }

// stem is a file's name without the hash of its content.
func stem(name string) string {
	ext := path.Ext(name)
	base := strings.TrimSuffix(name, ext)
	return base[:max(strings.LastIndexByte(base[:max(len(base)-8, 0)], '-'), 0)] + ext
}

// assets fetches every file the page can come to load.
func (b *bed) assets(ctx context.Context, index string) map[string]string {
	all := map[string]string{}
	for todo := filePattern.FindAllString(index, -1); len(todo) > 0; todo = todo[1:] {
		name := todo[0]
		if _, have := all[name]; have || name == "shim.js" { // the window has no shim
			continue
		}
		text, err := b.file(ctx, "/assets/"+name)
		if err != nil {
			continue // what looks like a file of ours is none
		}
		all[name] = text
		todo = append(todo, filePattern.FindAllString(text, -1)...)
	}
	return all
}

// loads adds a file and what it imports at once to what is loaded.
func loads(all map[string]string, name string, loaded map[string]bool) {
	if _, have := all[name]; !have || loaded[name] {
		return
	}
	loaded[name] = true
	for _, m := range staticPattern.FindAllStringSubmatch(all[name], -1) {
		loads(all, m[1], loaded)
	}
}

func (b *bed) file(ctx context.Context, at string) (string, error) {
	answer, err := b.server.get(ctx, b.server.base+at)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return string(text), err
}

type counter int

func (c *counter) Write(p []byte) (int, error) { *c += counter(len(p)); return len(p), nil }

func zipped(text string) int {
	var n counter
	z := gzip.NewWriter(&n)
	_, _ = z.Write([]byte(text)) // a counter takes everything
	_ = z.Close()
	return int(n)
}
