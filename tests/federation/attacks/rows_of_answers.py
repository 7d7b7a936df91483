"""The rows of the table about what a peer answers: false entries, and false answers around them."""

from typing import Final

from node.errors import Code as NodeCode
from protocol.errors import Code
from tests.federation import test_bad_peers as bad
from tests.federation.attacks import answers
from tests.federation.attacks.stage import Attack

FALSE_ENTRIES: Final = (
    Attack(
        "Wrong root",
        "Signs a checkpoint whose root is not that of its entries.",
        "Nothing of the section is kept (`wrong-root`).",
        answers.refused(bad.wrong_root, Code.WRONG_ROOT),
    ),
    Attack(
        "Entry changed on the way",
        "Leaves out one byte of an entry that it passes on.",
        "Nothing of the section is kept (`wrong-root`).",
        answers.refused(bad.changed_entry, Code.WRONG_ROOT),
    ),
    Attack(
        "Other order",
        "Passes entries on in another order.",
        "Nothing of the section is kept (`wrong-root`).",
        answers.refused(bad.reordered, Code.WRONG_ROOT),
    ),
    Attack(
        "Entries of another log",
        "Puts the entries of one log under the checkpoint of another.",
        "Nothing of the section is kept (`wrong-root`).",
        answers.refused(answers.entries_of_another_log, Code.WRONG_ROOT),
    ),
    Attack(
        "Gap",
        "Leaves out entries in the middle.",
        "Nothing of the section is kept (`gap`).",
        answers.refused(bad.gap, Code.GAP),
    ),
    Attack(
        "More than was signed",
        "Adds entries behind the end of the checkpoint.",
        "Nothing of the section is kept (`inconsistent`).",
        answers.refused(answers.beyond_the_checkpoint, Code.INCONSISTENT),
    ),
    Attack(
        "False proof",
        "Sends part of a log with a consistency proof that proves nothing.",
        "Nothing of the section is kept (`bad-proof`).",
        answers.refused(bad.bad_proof, Code.BAD_PROOF),
    ),
    Attack(
        "Checkpoint by another key",
        "Signs the log of a member with a key of its own.",
        "Nothing of the section is kept (`bad-checkpoint`).",
        answers.refused(bad.foreign_checkpoint, Code.BAD_CHECKPOINT),
    ),
    Attack(
        "Log of nobody",
        "Sends a log whose key is no member's.",
        "Not kept (`not-a-member`).",
        answers.refused(bad.log_of_a_stranger, Code.NOT_A_MEMBER),
    ),
    Attack(
        "Very many logs of nobody",
        "Sends a thousand of them, and promises more.",
        "The pull ends after the first few; the peer counts as failing.",
        answers.many_strangers,
    ),
    Attack(
        "A false section before true ones",
        "Hopes that one bad log keeps the others out.",
        "The bad section is refused by itself; the others of the same answer are taken.",
        answers.one_bad_among_good,
    ),
    Attack(
        "Circle confusion: log",
        "Offers in one circle the entries and checkpoint of another, under one key.",
        "Nothing is kept: a checkpoint names its circle (`bad-checkpoint`).",
        answers.log_of_another_circle,
    ),
    Attack(
        "Path tricks: names in a stream",
        "Names a log `../../keys/identity.key`, nothing, or with stray bits.",
        "The stream is refused where it stands (`bad-stream`); a name is 43 characters in one spelling.",
        answers.names_that_are_paths,
    ),
)

FALSE_ANSWERS: Final = (
    Attack(
        "Unsigned answer",
        "Answers without a signature.",
        "Nothing is read of it (`peer-misbehaved`).",
        answers.unsigned,
    ),
    Attack(
        "Answer signed by another",
        "Signs its answer with a key that is not its request key.",
        "Nothing is read of it (`peer-misbehaved`).",
        answers.signed_by_another,
    ),
    Attack(
        "Replayed answer",
        "Plays a true answer back to a later request.",
        "Nothing is read of it: an answer is signed together with its question.",
        answers.yesterdays_answer,
    ),
    Attack(
        "Zip bomb",
        "Compresses its answer: 50 kB that would become 50 MB.",
        "Not read at all: compression is never offered (`peer-misbehaved`).",
        answers.compressed(200, NodeCode.PEER_MISBEHAVED),
    ),
    Attack(
        "Zip bomb in an error",
        "Compresses an error document in the same way.",
        "16 kB of it are read and not unpacked; the refusal is reported.",
        answers.compressed(500, NodeCode.PEER_REFUSED),
    ),
    Attack(
        "Endless stream",
        "Sends an answer that never ends.",
        "Read up to the bytes that were asked for, then cut off.",
        answers.endless(b"a" * 1_000, 200, NodeCode.PEER_MISBEHAVED),
    ),
    Attack(
        "Endless error",
        "Sends an error document that never ends.",
        "16 kB are read, then cut off.",
        answers.endless(b"a" * 1_000, 503, NodeCode.PEER_REFUSED),
    ),
    Attack(
        "Always more",
        "Sends nothing and promises more, each time.",
        "It is asked once in this round.",
        answers.always_more,
    ),
    Attack(
        "Numbers that promise much",
        "Announces more entries than an answer may have, in a short line.",
        "Refused before memory is taken for them (`bad-stream`).",
        answers.announced_and_not_sent,
    ),
    Attack(
        "Redirect",
        "Sends the victim elsewhere, also to addresses of its own network.",
        "Nobody is asked there; a redirect is a refusal.",
        answers.sent_elsewhere,
    ),
    Attack(
        "Words for the operator",
        "Puts control characters and pages of text into an error.",
        "The operator reads at most 200 printable characters of it.",
        answers.words_for_the_operator,
    ),
)
