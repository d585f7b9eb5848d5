// Command words prints the English texts that the program gives to people through the page, the
// tray, notifications and dialogs, as a JSON list. Run it at the top of the tree.
//
// A text is what words.Number and a call below are given as format, what a field below is set to, and each
// sentence of the files below. What is put into it has its number in braces: {0}, {1}. One that
// counts has its forms below each other.
package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"sandboxlabs/backend/words"
)

// formats are the calls that make a text: the place of the format among their arguments.
var formats = map[string]int{
	"lab.Errorf": 1, "Errorf": 1, "WithHint": 0, "fine": 1, "checkAbility": 2, "words.Text": 0,
	"c.with": 1, "fault": 0, "c.tell": 1, "c.settleIn": 3,
}

// fields of what leaves the process that have a text.
var fields = []string{"Message", "Hint", "what"}

// outspoken are files that have sentences elsewhere, too: all that has a space in it is one.
var outspoken = []string{
	"backend/guacamole/check.go", "backend/images/ovf.go", "backend/images/probe.go",
	"backend/service/migration_notes.go", "backend/stack/trouble.go",
	"backend/virt/abilities.go", "backend/virt/accel.go",
}

// sentence tells those from SQL.
var sentence = regexp.MustCompile(`^(?:%s|[a-z]|[A-Z][a-z]|KVM ).* [a-z]`)

func main() {
	log.SetFlags(0)
	texts, err := in(".")
	for _, root := range []string{"app", "backend"} {
		var found []string
		if err == nil {
			found, err = below(root)
		}
		if err != nil {
			log.Fatalf("words: %v", err)
		}
		texts = append(texts, found...)
	}
	slices.Sort(texts)
	if err := json.NewEncoder(os.Stdout).Encode(slices.Compact(texts)); err != nil {
		log.Fatalf("words: %v", err)
	}
}

// below gathers from every package in a folder.
func below(root string) (texts []string, err error) {
	err = filepath.WalkDir(root, func(dir string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if slices.Contains([]string{"labtest", "testdata", "words", "cli", "api"}, entry.Name()) {
			return filepath.SkipDir
		}
		found, err := in(dir)
		texts = append(texts, found...)
		return err
	})
	return texts, err
}

// in gathers from the package in a folder.
func in(dir string) ([]string, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	g := gatherer{constants: make(map[string]ast.Expr)}
	files := make(map[string]*ast.File)
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		if files[name], err = parser.ParseFile(token.NewFileSet(), name, nil, 0); err != nil {
			return nil, err
		}
		g.learn(files[name])
	}
	for name, file := range files {
		g.all = slices.Contains(outspoken, filepath.ToSlash(name))
		ast.Inspect(file, g.visit)
	}
	return g.texts, nil
}

type gatherer struct {
	constants map[string]ast.Expr // of the package
	all       bool                // of the file under way every sentence counts
	texts     []string
}

// learn takes note of a file's constants.
func (g *gatherer) learn(file *ast.File) {
	for _, decl := range file.Decls {
		general, ok := decl.(*ast.GenDecl)
		if !ok || general.Tok != token.CONST {
			continue
		}
		for _, spec := range general.Specs {
			value := spec.(*ast.ValueSpec)
			for i := range min(len(value.Names), len(value.Values)) {
				g.constants[value.Names[i].Name] = value.Values[i]
			}
		}
	}
}

func (g *gatherer) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.CallExpr:
		if at, ok := formats[called(n.Fun)]; ok && at < len(n.Args) {
			g.take(g.text(n.Args[at]))
		}
		if called(n.Fun) == "words.Number" {
			g.texts = append(g.texts, words.Key(g.text(n.Args[1]))+"\n"+words.Key(g.text(n.Args[2])))
		}
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok && slices.Contains(fields, key.Name) {
			g.take(g.text(n.Value))
		}
	case *ast.CompositeLit:
		list, ok := n.Type.(*ast.ArrayType)
		if !ok || called(list.Elt) != "string" {
			return true
		}
		for _, e := range n.Elts { // but for these, it is what others say, to be recognised
			if call, ok := e.(*ast.CallExpr); ok {
				ast.Inspect(call, g.visit)
			}
		}
		return false
	case *ast.BinaryExpr, *ast.BasicLit:
		if text := g.text(n.(ast.Expr)); g.all && sentence.MatchString(text) {
			g.take(text)
			return false
		}
	}
	return true
}

// called names a function as formats has it: of another package with that package's name.
func called(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		if from, ok := e.X.(*ast.Ident); ok && e.Sel.Name != "WithHint" {
			return from.Name + "." + e.Sel.Name
		}
		return e.Sel.Name
	}
	return ""
}

func (g *gatherer) take(format string) {
	if text := words.Key(format); strings.ContainsFunc(words.Literal(text), unicode.IsLetter) {
		g.texts = append(g.texts, text)
	}
}

// text gives an expression as a format of fmt: what is not known before it runs is %s in it.
func (g *gatherer) text(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return text
		}
	case *ast.Ident:
		if constant, ok := g.constants[e.Name]; ok {
			return g.text(constant)
		}
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			return g.text(e.X) + g.text(e.Y)
		}
	case *ast.CallExpr:
		if called(e.Fun) == "fmt.Sprintf" {
			return g.text(e.Args[0])
		}
	}
	return "%s"
}
