"""Vectors and schema of fork proofs (clauses 8.10 to 8.12) and of cosignatures (clauses 7.11 and 7.12)."""

from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from protocol import fork
from protocol.canonical import encode
from protocol.errors import Code
from protocol.fork import Branch, ForkProof
from protocol.identifiers import CircleId, encode_bytes
from protocol.keys import PublicKey, SigningKey
from protocol.merkle import proofs
from protocol.merkle.checkpoint import Checkpoint, sign_checkpoint, signature_line
from protocol.merkle.cosignature import MAX_TIME, cosign, open_cosignatures
from protocol.statements import Timestamp
from tests.protocol.fed_samples import CONTRIBUTOR, Json, as_json, wire_schema
from tests.protocol.signed_log import CIRCLE, KEY, OTHER_KEY, TODAY, SignedLog, entry, hash_reader
from tests.protocol.vector_file import BEYOND_SCHEMA, Case, vector_file

LEFT: Final = SignedLog([entry(number) for number in range(13)])
"""What the author told some."""


def other_history(index: int, size: int) -> SignedLog:
    """What it told others: the same before ``index``, and other entries from there on."""
    told = [*LEFT.entries[:index], *(entry(1_000 + number) for number in range(index, size))]
    return SignedLog(told)


def branch(log: SignedLog, size: int | None = None) -> Branch:
    """A history of this size, with its hashes."""
    return Branch(log.note(size), hash_reader(log.hashes[:size]))


def proof(index: int, left: int = 13, right: int = 13) -> bytes:
    """The proof that the two histories part at ``index``, by checkpoints of these sizes."""
    return fork.prove_fork(CIRCLE, KEY.public, branch(LEFT, left), branch(other_history(index, right)))


def unlocated() -> bytes:
    """The proof without entries."""
    return fork.prove_unlocated_fork(CIRCLE, KEY.public, LEFT.note(), other_history(5, 13).note())


def other_beginning(part: int, earlier: int, later: int) -> bytes:
    """The proof that the tree of ``later`` entries does not begin with one that was signed, which parts at ``part``."""
    log, other = LEFT, other_history(part, earlier)
    root, path = log.checkpoint(earlier).root, log.proof(earlier, later)
    return fork.prove_other_beginning(CIRCLE, KEY.public, log.note(later), other.note(), root, path)


_FORK_FLAGS: Final = {
    "slander": "a member could be taken for a forger that has signed one history",
    "wrong-point": "honest entries before the fork would be voided, or forged ones after it believed",
    "other-log": "the misdeed of one would be laid on another",
    "second-spelling": "one fork would have many proofs, and a peer could be made to store and pass on all of them",
    "unbounded": "a peer could fill memory",
}


def _given(data: bytes, *, key: PublicKey = KEY.public, circle: CircleId = CIRCLE) -> Json:
    return {"bytes": encode_bytes(data), "circle": circle, "key": key.encode()}


def _proven(name: str, index: int, left: int, right: int) -> Case:
    return Case(name, "8.11", {**_given(proof(index, left, right)), "index": index})


def _changed(**members: object) -> bytes:
    return encode(as_json(msgspec.json.decode(proof(5))) | members)


def _side(side: str, data: bytes = b"", **members: object) -> dict[str, object]:
    sides = as_json(msgspec.json.decode(data or proof(5)))
    found = sides[side]
    assert isinstance(found, dict)
    return {side: found | members}


def _refused(
    name: str,
    clause: str,
    data: bytes,
    error: Code,
    flag: str,
    *,
    schema: bool = False,
    given: Mapping[str, object] = {},
) -> Case:
    return Case(name, clause, {**_given(data), **given}, error, (flag,) if schema else (flag, BEYOND_SCHEMA))


def _swapped(data: bytes) -> bytes:
    sides = as_json(msgspec.json.decode(data))
    return encode(sides | {"left": sides["right"], "right": sides["left"]})


def _at_another_place() -> bytes:
    """True inclusion proofs of two entries that differ, at an index after the one where the histories part."""
    later, other = 9, other_history(5, 13)
    sides = sorted(
        (
            {
                "checkpoint": log.note().decode(),
                "leaf": encode_bytes(log.hashes[later]),
                "proof": [
                    encode_bytes(node)
                    for node in proofs.inclusion_proof(later, len(log.hashes), hash_reader(log.hashes))
                ],
            }
            for log in (LEFT, other)
        ),
        key=lambda side: str(side["checkpoint"]),
    )
    return _changed(index=later, left=sides[0], right=sides[1])


def _one_history() -> bytes:
    """One log at two sizes, with the same entry on both sides."""
    sides = [
        {
            "checkpoint": LEFT.note(size).decode(),
            "leaf": encode_bytes(LEFT.hashes[5]),
            "proof": [encode_bytes(node) for node in proofs.inclusion_proof(5, size, hash_reader(LEFT.hashes[:size]))],
        }
        for size in (11, 13)
    ]
    sides.sort(key=lambda side: str(side["checkpoint"]))
    return _changed(left=sides[0], right=sides[1])


def _fork_cases() -> Iterable[Case]:
    for name, index, left, right in (
        ("the first entry", 0, 13, 13),
        ("the first entry of two logs of one", 0, 1, 1),
        ("an entry in the middle", 5, 13, 13),
        ("an entry in the middle, sizes apart", 5, 13, 7),
        ("the last entry of both", 12, 13, 13),
        ("the last entry of one", 8, 13, 9),
        ("an entry at the edge of a subtree", 8, 12, 13),
    ):
        yield _proven(name, index, left, right)
    yield Case("two roots for one size", "8.12", {**_given(unlocated()), "index": None})
    for name, part, earlier, later in (
        ("two sizes, one entry and two", 0, 1, 2),
        ("two sizes, a complete tree and more", 3, 8, 13),
        ("two sizes, the next", 5, 12, 13),
        ("two sizes far apart", 2, 3, 13),
    ):
        yield Case(name, "8.12", {**_given(other_beginning(part, earlier, later)), "index": None})
    yield from _refusals()


def _refusals() -> Iterable[Case]:
    """What proves nothing, or is not a proof."""
    slander, point, spelled = "slander", "wrong-point", "second-spelling"
    bad = Code.BAD_PROOF
    yield _refused("one history at two sizes", "8.11", _one_history(), bad, slander)
    yield _refused("two entries after the histories part", "8.11", _at_another_place(), bad, point)
    yield _refused("another index", "8.11", _changed(index=6), bad, point)
    leaf = encode_bytes(bytes(32))
    yield _refused("an entry that is not there", "8.11", _changed(**_side("left", leaf=leaf)), bad, slander)
    yield _refused("an index beyond one history", "8.11", _changed(index=13), bad, point)
    no_entries = as_json(msgspec.json.decode(unlocated()))
    older = {"left": as_json(fork.ForkSide(checkpoint=LEFT.note(11).decode(), leaf=None, proof=()))}
    sizes = sorted([no_entries["left"], older["left"]], key=lambda side: str(as_json(side)["checkpoint"]))
    apart = encode(no_entries | {"left": sizes[0], "right": sizes[1]})
    yield _refused("two sizes and no entries", "8.12", apart, bad, slander)
    again = sign_checkpoint(Checkpoint(LEFT.origin, 13, LEFT.checkpoint().root), OTHER_KEY).decode()
    forged = _changed(**_side("left", checkpoint=again))
    ordered = as_json(msgspec.json.decode(forged))
    both = sorted([ordered["left"], ordered["right"]], key=lambda side: str(as_json(side)["checkpoint"]))
    data = encode(ordered | {"left": both[0], "right": both[1]})
    yield _refused("a checkpoint that another key signed", "8.11", data, Code.BAD_SIGNATURE, slander)
    yield _refused(
        "about another key", "8.10", proof(5), Code.WRONG_KEY, "other-log", given={"key": OTHER_KEY.public.encode()}
    )
    elsewhere = encode_bytes(bytes(32))
    yield _refused(
        "about another circle", "8.10", proof(5), Code.WRONG_CIRCLE, "other-log", given={"circle": elsewhere}
    )
    yield _refused("sides in another order", "8.10", _swapped(proof(5)), Code.NON_CANONICAL, spelled)
    cosigned = _with_cosignature()
    yield _refused("a checkpoint with a cosignature", "8.10", cosigned, Code.NON_CANONICAL, spelled)
    yield _refused("a space", "1.2", proof(5) + b" ", Code.NON_CANONICAL, spelled)
    none, some = Code.INCONSISTENT, {"leaf": leaf}
    yield _refused("an index without entries", "8.10", encode(no_entries | {"index": 5}), none, point)
    yield _refused("entries without an index", "8.10", _changed(index=None), none, point)
    half = encode(no_entries | {"index": 5} | _side("left", unlocated(), **some))
    yield _refused("an entry on one side", "8.10", half, none, point)
    hashes = encode(no_entries | _side("left", unlocated(), proof=[leaf]))
    yield _refused("hashes without an entry", "8.10", hashes, none, point)
    yield from _two_size_refusals()
    shape = Code.MALFORMED
    yield _refused("an index before the first", "8.10", _changed(index=-1), shape, "unbounded", schema=True)
    yield _refused("another version", "8.10", _changed(v=2), shape, "unbounded", schema=True)
    many = _changed(**_side("left", proof=[leaf] * 65))
    yield _refused("more hashes than any proof has", "8.10", many, shape, "unbounded", schema=True)
    yield _refused("larger than any proof", "8.10", _changed(v="x" * 8_192), Code.TOO_LARGE, "unbounded", schema=True)


def _two_size_refusals() -> Iterable[Case]:
    """What does not prove that a larger tree begins otherwise than was signed."""
    good, bad, clause = other_beginning(3, 8, 13), Code.BAD_PROOF, "8.12"
    sides = as_json(msgspec.json.decode(good))
    later = next(name for name in ("left", "right") if as_json(sides[name])["leaf"] is not None)
    earlier = {"left": "right", "right": "left"}[later]
    zero, root = encode_bytes(bytes(32)), as_json(sides[later])["leaf"]
    path = as_json(sides[later])["proof"]
    assert isinstance(path, list)

    def changed(side: str, **members: object) -> bytes:
        return encode(sides | _side(side, good, **members))

    def with_earlier(checkpoint: bytes) -> bytes:
        both = sorted(
            (as_json(sides[later]), as_json(sides[earlier]) | {"checkpoint": checkpoint.decode()}),
            key=lambda side: str(side["checkpoint"]),
        )
        return encode(sides | {"left": both[0], "right": both[1]})

    yield _refused("two sizes of one history", clause, with_earlier(LEFT.note(8)), bad, "slander")
    yield _refused(
        "two sizes, and a root for a third", clause, with_earlier(other_history(3, 7).note()), bad, "slander"
    )
    yield _refused("two sizes, and no entries at first", clause, with_earlier(LEFT.note(0)), bad, "slander")
    yield _refused("two sizes, and a root that was not", clause, changed(later, leaf=zero), bad, "slander")
    yield _refused("two sizes, and another hash", clause, changed(later, proof=[zero, *path[1:]]), bad, "slander")
    yield _refused("two sizes, and a hash too few", clause, changed(later, proof=path[:-1]), bad, "slander")
    yield _refused(
        "two sizes, and a hash too many", clause, changed(later, proof=[*path, zero]), bad, "second-spelling"
    )
    swapped = encode(sides | _side(later, good, leaf=None, proof=[]) | _side(earlier, good, leaf=root, proof=path))
    yield _refused("two sizes, and the root on the other side", clause, swapped, bad, "slander")
    both = changed(earlier, leaf=root)
    yield _refused("two sizes, and a root on both sides", "8.10", both, Code.INCONSISTENT, "second-spelling")
    one_size = as_json(msgspec.json.decode(unlocated()))
    notes = {name: str(as_json(one_size[name])["checkpoint"]).split("\n")[2] for name in ("left", "right")}
    for name, text in notes.items():
        again = encode(one_size | _side(name, unlocated(), leaf=encode_bytes(b64decode(text))))
        yield _refused(f"one size, and the root of the {name} again", clause, again, bad, "second-spelling")
    indexed = encode(sides | {"index": 3})
    yield _refused("two sizes, and an index", "8.10", indexed, Code.INCONSISTENT, "wrong-point")


def _with_cosignature() -> bytes:
    sides = as_json(msgspec.json.decode(proof(5)))
    found = []
    for side in ("left", "right"):
        each = as_json(sides[side])
        note = str(each["checkpoint"]).encode()
        line = signature_line("w", bytes(5))
        found.append(each | {"checkpoint": (note + line).decode()})
    return encode(sides | {"left": found[0], "right": found[1]})


def forks() -> bytes:
    """Fork proofs."""
    about = (
        "Fork proofs; bytes is base64url of the proof, and index what it shows of the log of key: the first entry that "
        "differs, or null where that is not known."
    )
    return vector_file(about, _FORK_FLAGS, list(_fork_cases()))


# Cosignatures

WITNESSES: Final[Mapping[str, SigningKey]] = dict(zip(("w1", "w2", "w3"), CONTRIBUTOR, strict=True))
SEEN: Final = Timestamp(TODAY + 3_600)


def line(witness: str, time: Timestamp = SEEN, note: bytes = b"") -> bytes:
    """What this witness says of the note."""
    return cosign(note or LEFT.note(), WITNESSES[witness], circle=CIRCLE, time=time)


def _witnessed(name: str, clause: str, lines: Sequence[bytes], *, note: bytes = b"") -> Case:
    whole = (note or LEFT.note()) + b"".join(lines)
    keys = {key.public.key_id: key.public for key in WITNESSES.values()}
    found = open_cosignatures(whole, circle=CIRCLE, witnesses=keys)
    given: Json = {
        "note": encode_bytes(whole),
        "cosignatures": [{"witness": each.witness, "time": each.time} for each in found.cosignatures],
        "refused": found.refused,
    }
    return Case(name, clause, given)


def _flipped(data: bytes, place: int) -> bytes:
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return data[:place] + bytes([alphabet[alphabet.index(data[place]) ^ 1]]) + data[place + 1 :]


def _cosignature_cases() -> Iterable[Case]:
    yield _witnessed("nobody", "7.12", [])
    yield _witnessed("one witness", "7.11", [line("w1")])
    yield _witnessed("three witnesses", "7.12", [line(name) for name in WITNESSES])
    yield _witnessed("one witness twice, the later first", "7.12", [line("w1", Timestamp(SEEN + 1)), line("w1")])
    yield _witnessed("one witness twice, the later last", "7.12", [line("w1"), line("w1", Timestamp(SEEN + 1))])
    yield _witnessed("the last second that there is", "7.12", [line("w1", Timestamp(MAX_TIME))])
    other = LEFT.note(12)
    yield _witnessed("of another checkpoint", "7.12", [line("w1", note=other), line("w2")])
    good = line("w1")
    place = good.rindex(b" ") + 1
    yield _witnessed("another key hash", "7.12", [_flipped(good, place)])
    yield _witnessed("another time", "7.12", [_flipped(good, place + 14)])
    yield _witnessed("another signature", "7.12", [_flipped(good, place + 30)])
    yield _witnessed("at no time", "7.12", [line("w1", Timestamp(0))])
    yield _witnessed("after all time", "7.12", [line("w1", Timestamp(MAX_TIME + 1))])
    plain = sign_checkpoint(Checkpoint(good.split(b" ")[1].decode(), 1, bytes(32)), KEY)
    yield _witnessed("a plain signature", "7.12", [plain.partition(b"\n\n")[2]])
    yield _witnessed("a stranger", "7.12", [cosign(LEFT.note(), OTHER_KEY, circle=CIRCLE, time=SEEN)])
    elsewhere = CircleId(encode_bytes(bytes(32)))
    yield _witnessed("for another circle", "7.12", [cosign(LEFT.note(), WITNESSES["w1"], circle=elsewhere, time=SEEN)])


def cosignatures() -> bytes:
    """Notes with cosignatures."""
    about = (
        "Notes of the log of key, each with what it shows: the witnesses that have cosigned it, and how many lines "
        "bear the name of a witness and are not its cosignature. None of these lines keeps the note from being "
        "accepted."
    )
    more = {
        "circle": CIRCLE,
        "key": KEY.public.encode(),
        "witnesses": {key.public.key_id: key.public.encode() for key in WITNESSES.values()},
    }
    return vector_file(about, {}, list(_cosignature_cases()), **more)


FILES: Final[dict[str, Callable[[], bytes]]] = {
    "v1/fork.schema.json": wire_schema(
        "fork", "Fork proof", "Two checkpoints that cannot both be true (clause 8.10).", ForkProof
    ),
    "vectors/fork.json": forks,
    "vectors/cosignatures.json": cosignatures,
}
