package stand

import (
	"bufio"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestInstructionsComeBack(t *testing.T) {
	for _, want := range []Instruction{
		{"sync", []string{"12345678"}},
		{"", []string{"ping", "1"}},
		{"nop", nil},
		{"connect", []string{"", "", "a,b;c.d"}},
		{"clipboard", []string{"größer 😀 \x00"}},
	} {
		text := want.Encode()
		got, err := ReadInstruction(bufio.NewReader(strings.NewReader(text)))
		if err != nil || got.Opcode != want.Opcode || !slices.Equal(got.Args, want.Args) {
			t.Errorf("%q: got %q, error %v, want %q", text, got, err, want)
		}
	}
}

func TestLengthsAreOfCharacters(t *testing.T) {
	if got, want := (Instruction{"name", []string{"ä😀"}}).Encode(), "4.name,2.ä😀;"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMessageHasWholeInstructions(t *testing.T) {
	all, err := ReadMessage([]byte("4.size,1.0;4.sync,1.1;"))
	if err != nil || len(all) != 2 || all[1].Opcode != "sync" {
		t.Errorf("got %q, error %v", all, err)
	}
	for text, want := range map[string]error{
		"":                nil,
		"4.sync,1.1;4.sy": io.ErrUnexpectedEOF,
		"4.sync,1":        io.ErrUnexpectedEOF,
		"4.sync,":         io.ErrUnexpectedEOF,
		"4.sync":          io.ErrUnexpectedEOF,
	} {
		if _, err := ReadMessage([]byte(text)); !errors.Is(err, want) {
			t.Errorf("%q: got %v, want %v", text, err, want)
		}
	}
	for _, text := range []string{".;", "x.a;", "1.ab;", "-1.;", "99999999.a;", strings.Repeat("9", 40) + ".", "1.a:"} {
		if _, err := ReadMessage([]byte(text)); err == nil || errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: got %v, want it to be refused", text, err)
		}
	}
}
