package stand

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"
)

// longest is the length in characters of the longest instruction that is read.
// Those of guacd end at 8 KiB.
const longest = 1 << 20

// Instruction is one instruction of the Guacamole protocol, such as
// 4.sync,8.12345678; - an opcode and its arguments, each behind its length in
// Unicode characters. The opcode of what the web application itself has to say is empty.
type Instruction struct {
	Opcode string
	Args   []string
}

// Encode gives the instruction as it is sent.
func (i Instruction) Encode() string {
	var b strings.Builder
	element(&b, i.Opcode)
	for _, arg := range i.Args {
		b.WriteByte(',')
		element(&b, arg)
	}
	b.WriteByte(';')
	return b.String()
}

func element(b *strings.Builder, text string) {
	b.WriteString(strconv.Itoa(utf8.RuneCountInString(text)))
	b.WriteByte('.')
	b.WriteString(text)
}

// ReadInstruction reads one instruction, such as from a *bufio.Reader. It gives
// io.EOF where the input ends before one, and io.ErrUnexpectedEOF where it ends
// within one. After any other error the input is of no more use.
func ReadInstruction(r io.RuneReader) (Instruction, error) {
	var elements []string
	for left := longest; ; {
		text, end, err := readElement(r, left)
		switch {
		case errors.Is(err, io.EOF) && len(elements) > 0:
			return Instruction{}, io.ErrUnexpectedEOF
		case err != nil:
			return Instruction{}, err
		}
		elements = append(elements, text)
		if end == ';' {
			return Instruction{Opcode: elements[0], Args: elements[1:]}, nil
		}
		left -= len(text) + 1 // an instruction of many empty elements has an end too
	}
}

// readElement reads LENGTH.TEXT and the character behind it, which is , or ;.
func readElement(r io.RuneReader, most int) (text string, end rune, err error) {
	n, err := readLength(r)
	if err != nil {
		return "", 0, err
	}
	if n > most {
		return "", 0, fmt.Errorf("read instruction: an element of %d characters is too long", n)
	}
	var b strings.Builder
	for range n {
		c, _, err := r.ReadRune()
		if err != nil {
			return "", 0, within(err)
		}
		b.WriteRune(c)
	}
	end, _, err = r.ReadRune()
	if err != nil {
		return "", 0, within(err)
	}
	if end != ',' && end != ';' {
		return "", 0, fmt.Errorf("read instruction: %q behind an element, want a comma or semicolon", end)
	}
	return b.String(), end, nil
}

// readLength reads digits up to a full stop.
func readLength(r io.RuneReader) (int, error) {
	for n, digits := 0, 0; ; digits++ {
		c, _, err := r.ReadRune()
		switch {
		case err != nil && digits == 0:
			return 0, err
		case err != nil:
			return 0, within(err)
		case c == '.' && digits > 0:
			return n, nil
		case c < '0' || c > '9' || n > longest:
			return 0, fmt.Errorf("read instruction: %q in a length", c)
		}
		n = n*10 + int(c-'0')
	}
}

// within makes of an end of the input one that came too early.
func within(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// ReadMessage reads a message of a tunnel, which holds whole instructions.
func ReadMessage(message []byte) ([]Instruction, error) {
	var all []Instruction
	for r := bufio.NewReader(bytes.NewReader(message)); ; {
		i, err := ReadInstruction(r)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		all = append(all, i)
	}
}
