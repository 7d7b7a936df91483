// Command interop reads one JSON object from standard input and answers with one on standard output, so that a
// test can compare this project's log with golang.org/x/mod/sumdb/note and tlog, which were written without it.
//
//	interop check   opens a note and checks proofs and tiles; answers "" or an error for each
//	interop make    builds a log from entries and answers with a note, proofs and tiles
package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

type inclusion struct {
	Index, Size int64
	Leaf, Root  tlog.Hash
	Proof       []tlog.Hash
}

type consistency struct {
	Old, New         int64
	OldRoot, NewRoot tlog.Hash
	Proof            []tlog.Hash
}

type checks struct {
	Verifier    string
	Notes       []string
	Witness     witness
	Cosigned    []string
	Inclusion   []inclusion
	Consistency []consistency
	Tiles       []tileCheck
}

// tileCheck asks for the hashes of all Leaves through tiles, authenticated against the root.
type tileCheck struct {
	Size   int64
	Root   tlog.Hash
	Leaves map[int64]tlog.Hash
	Tiles  map[string][]byte
}

// witness is a verifier of Ed25519 cosignatures, written from the text of C2SP tlog-cosignature.
type witness struct {
	Origin string
	Public []byte
}

func (w witness) Name() string { return w.Origin }

func (w witness) KeyHash() uint32 {
	hash := sha256.Sum256(append([]byte(w.Origin+"\n\x04"), w.Public...))
	return binary.BigEndian.Uint32(hash[:4])
}

func (w witness) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	time := binary.BigEndian.Uint64(signature[:8])
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", time, text)
	return ed25519.Verify(w.Public, []byte(message), signature[8:])
}

// cosigned says whether the witness has signed a note, leaving the author's signature alone.
func cosigned(signed string, by witness) error {
	opened, err := note.Open([]byte(signed), note.VerifierList(by))
	if err == nil && len(opened.Sigs) != 1 {
		err = errors.New("not one cosignature")
	}
	return err
}

type verdicts struct {
	Notes, Cosigned, Inclusion, Consistency, Tiles []string
}

func say(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func check(in checks) (verdicts, error) {
	var out verdicts
	verifier, err := note.NewVerifier(in.Verifier)
	if err != nil {
		return out, err
	}
	for _, each := range in.Notes {
		out.Notes = append(out.Notes, say(openCheckpoint(each, verifier)))
	}
	for _, each := range in.Cosigned {
		out.Cosigned = append(out.Cosigned, say(cosigned(each, in.Witness)))
	}
	for _, each := range in.Inclusion {
		err := tlog.CheckRecord(tlog.RecordProof(each.Proof), each.Size, each.Root, each.Index, each.Leaf)
		out.Inclusion = append(out.Inclusion, say(err))
	}
	for _, each := range in.Consistency {
		err := tlog.CheckTree(tlog.TreeProof(each.Proof), each.New, each.NewRoot, each.Old, each.OldRoot)
		out.Consistency = append(out.Consistency, say(err))
	}
	for _, each := range in.Tiles {
		out.Tiles = append(out.Tiles, say(each.check()))
	}
	return out, nil
}

func openCheckpoint(signed string, verifier note.Verifier) error {
	opened, err := note.Open([]byte(signed), note.VerifierList(verifier))
	if err != nil {
		return err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() || lines[3] != "" {
		return errors.New("not the text of a checkpoint")
	}
	// The tree formats of the Go checksum database and of C2SP differ in the first line only.
	_, err = tlog.ParseTree([]byte("go.sum database tree\n" + strings.Join(lines[1:], "\n")))
	return err
}

func (c tileCheck) Height() int                         { return tileHeight }
func (c tileCheck) SaveTiles(_ []tlog.Tile, _ [][]byte) {}

func (c tileCheck) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range tiles {
		hashes, ok := c.Tiles[path(tile)]
		if !ok {
			return nil, fmt.Errorf("no tile %s", path(tile))
		}
		data = append(data, hashes)
	}
	return data, nil
}

func (c tileCheck) check() error {
	reader := tlog.TileHashReader(tlog.Tree{N: c.Size, Hash: c.Root}, c)
	for index, leaf := range c.Leaves {
		hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
		if err != nil {
			return err
		}
		if hashes[0] != leaf {
			return fmt.Errorf("leaf %d is another one", index)
		}
	}
	return nil
}

// path is the C2SP path, which has no element for the height.
func path(tile tlog.Tile) string {
	return strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight), "tile/", 1)
}

type request struct {
	Signer  string
	Entries [][]byte
	Proofs  []struct{ Old, New int64 }
}

type made struct {
	Notes       []string // one for each size from 1 on
	Inclusion   []inclusion
	Consistency []consistency
	Tiles       map[string][]byte
}

type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var hashes []tlog.Hash
	for _, index := range indexes {
		hashes = append(hashes, s[index])
	}
	return hashes, nil
}

func makeLog(in request) (made, error) {
	out := made{Tiles: map[string][]byte{}}
	signer, err := note.NewSigner(in.Signer)
	if err != nil {
		return out, err
	}
	var hashes stored
	var roots []tlog.Hash
	for number := 0; number <= len(in.Entries); number++ {
		root, err := tlog.TreeHash(int64(number), hashes)
		if err != nil {
			return out, err
		}
		roots = append(roots, root)
		if number > 0 { // tlog as of 2022 has zeros for the root of an empty tree, RFC 6962 the hash of nothing
			if err := out.sign(signer, number, root); err != nil {
				return out, err
			}
		}
		if number < len(in.Entries) {
			more, err := tlog.StoredHashes(int64(number), in.Entries[number], hashes)
			if err != nil {
				return out, err
			}
			hashes = append(hashes, more...)
		}
	}
	if err := out.prove(in, hashes, roots); err != nil {
		return out, err
	}
	for _, tile := range tlog.NewTiles(tileHeight, 0, int64(len(in.Entries))) {
		data, err := tlog.ReadTileData(tile, hashes)
		if err != nil {
			return out, err
		}
		out.Tiles[path(tile)] = data
	}
	return out, nil
}

func (m *made) sign(signer note.Signer, size int, root tlog.Hash) error {
	text := fmt.Sprintf("%s\n%d\n%s\n", signer.Name(), size, base64.StdEncoding.EncodeToString(root[:]))
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	m.Notes = append(m.Notes, string(signed))
	return err
}

func (m *made) prove(in request, hashes stored, roots []tlog.Hash) error {
	for _, each := range in.Proofs {
		record, err := tlog.ProveRecord(each.New, each.Old-1, hashes)
		if err != nil {
			return err
		}
		leaf := tlog.RecordHash(in.Entries[each.Old-1])
		m.Inclusion = append(m.Inclusion, inclusion{each.Old - 1, each.New, leaf, roots[each.New], record})
		tree, err := tlog.ProveTree(each.New, each.Old, hashes)
		if err != nil {
			return err
		}
		m.Consistency = append(m.Consistency, consistency{each.Old, each.New, roots[each.Old], roots[each.New], tree})
	}
	return nil
}

func run() error {
	if len(os.Args) != 2 {
		return errors.New("usage: interop check|make")
	}
	decoder, encoder := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	decoder.DisallowUnknownFields()
	switch os.Args[1] {
	case "check":
		var in checks
		if err := decoder.Decode(&in); err != nil {
			return err
		}
		out, err := check(in)
		if err != nil {
			return err
		}
		return encoder.Encode(out)
	case "make":
		var in request
		if err := decoder.Decode(&in); err != nil {
			return err
		}
		out, err := makeLog(in)
		if err != nil {
			return err
		}
		return encoder.Encode(out)
	}
	return errors.New("usage: interop check|make")
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
