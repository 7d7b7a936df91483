"""The table of attacks, and the same table in ``docs/hostile-peers.md``.

``python -m tests.federation.attacks.table --write`` puts it into the document; without the option it is printed.
"""

import sys
from typing import Final

from node.errors import Code as NodeCode
from node.sync.limits import MEMBER_BURST
from protocol.errors import Code
from tests import support
from tests.federation import test_bad_peers as bad
from tests.federation import test_loopback as loopback
from tests.federation.attacks import answers, histories, insiders, questions, sockets
from tests.federation.attacks.stage import Attack

DOCUMENT: Final = support.ROOT / "docs" / "hostile-peers.md"
_BEGIN: Final = "<!-- attacks -->\n"
_END: Final = "<!-- end of attacks -->\n"

NAMES: Final = frozenset({"naming", "subjects", "subject_names", "subject_words", "known_words"})
COUNTS: Final = frozenset({"claim_tallies", "contribution_counts", "coverage_counts", "subject_counts"})
GROWN: Final = NAMES | COUNTS | {"entries", "tiles", "logs", "statements", "feed", "cosignatures", "signals"}
"""Changed where entries are taken: what findings call their subjects is found by these names, and what there is of them
is counted."""
VOID: Final = GROWN | {"log_cuts", "circles"}
"""Changed where a log is found to fork, or somebody else is a member."""
READ: Final = GROWN | {"unreadable_entries"}
JOINED: Final = VOID | {"membership_facts", "pins"}
"""Changed where a member says something of membership."""

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

TWO_HISTORIES: Final = (
    Attack(
        "Equivocation",
        "Signs two histories with one key, and shows one after the other.",
        "The fork is proven and located; what follows it is void, what precedes it stands, the proof is passed on.",
        histories.equivocation,
        VOID,
        spoils=True,
    ),
    Attack(
        "Two faces",
        "Shows each member a history of its own, of one size, and is not asked again.",
        "The two compare checkpoints when they next meet, and both prove the fork.",
        histories.two_faces,
        VOID,
        spoils=True,
    ),
    Attack(
        "Fork after restore",
        "Restores a backup, asks nobody, and goes on.",
        "As equivocation: the log stops, and is void from the entry at which the backup ended.",
        histories.restored_backup,
        VOID,
        spoils=True,
    ),
    Attack(
        "Beside the question",
        "Shows another root, with an honest witness's cosignature, in a section that begins behind its own end.",
        "The log stops, since two roots of one size are signed; the witness is not counted for what is held here.",
        histories.beside_the_question,
        VOID,
        spoils=True,
    ),
    Attack(
        "Behind a head",
        "Shows part of a log under a checkpoint whose rest never comes, then a smaller checkpoint that contradicts it.",
        "Proven by what came with the part, and believed by a member that was shown neither.",
        histories.behind_a_head,
        VOID,
        spoils=True,
    ),
    Attack(
        "Ever earlier forks",
        "Proves against itself, one after the other, that its log forks at ever earlier places.",
        "Sixteen are followed at once, then one in a minute; the earliest that anybody holds is offered again.",
        histories.falling_forks,
        VOID,
        spoils=True,
    ),
    Attack(
        "Silence after our own restore",
        "Says that it holds no more of the victim's log than the restored backup has.",
        "One honest member that answers outweighs it: the entries come back before the victim signs.",
        histories.silence_after_our_restore,
        VOID,
        spoils=True,
    ),
    Attack(
        "False evidence of a fork",
        "Sends proofs by its own key, of another circle, or changed, about another member.",
        "Not kept; the other member's log is as it was.",
        histories.false_evidence,
    ),
    Attack(
        "Tile lies",
        "Replaces a member's entries with garbage, and the hashes that are then asked for.",
        "Only signed roots prove a fork: `wrong-root`, and the member's log stays in good order.",
        histories.lying_tiles,
    ),
    Attack(
        "Forged cosignature",
        "Adds witness lines in others' names, by the author itself, or moved from an earlier checkpoint.",
        "Dropped and not counted; the checkpoint is taken without them.",
        histories.forged_cosignatures,
        GROWN,
    ),
)

QUESTIONS: Final = (
    Attack(
        "Replayed request",
        "Plays a member's request again: at once, after a restart, and later.",
        "`replayed` while it is fresh, `not-fresh` afterwards.",
        questions.replayed_request,
    ),
    Attack(
        "Stolen nonce",
        "Uses another member's nonce under its own key, and its own a second time.",
        "Nonces are counted by key: the other's request is answered, the second of its own is `replayed`.",
        questions.stolen_nonce,
    ),
    Attack(
        "Nonce burnt in another's name",
        "Sends a member's nonce with a wrong signature before the member does.",
        "404, and nothing is remembered: the true request is answered.",
        questions.burnt_nonce,
    ),
    Attack(
        "Nobody in particular",
        "Asks with a stranger's key, a contributor key, an identity key, or for a circle that does not exist.",
        "One and the same 404, which does not say which circles there are.",
        questions.key_in_the_name_of,
    ),
    Attack(
        "Circle confusion: request",
        "Brings a request that was signed for another node, circle or path.",
        "404: the whole address is signed.",
        questions.meant_for_another,
        frozenset({"circles", "own_keys"}),
    ),
    Attack(
        "Changed request",
        "Changes the content, leaves a field out, or sends one twice.",
        "400 or 401 before anything is looked up.",
        questions.changed_content,
    ),
    Attack(
        "Compressed request",
        "Signs and sends 50 kB that would unpack to 50 MB.",
        "Requests are never unpacked: 400.",
        questions.compressed_question,
    ),
    Attack(
        "Endless request",
        "Sends content without end: unsigned, as a stranger, in a member's name, and as a member.",
        "401 or 404 before any of it is read; of the member's own, 413 where it is longer than any request of ours.",
        questions.endless_question,
    ),
    Attack(
        "Clock a year ahead: request",
        "Signs a request for a year from now, or a year ago.",
        "`not-fresh`.",
        questions.early_and_late,
    ),
    Attack(
        "Path tricks: addresses",
        "Puts `..`, escapes, line feeds, foreign digits or very long names where an identifier belongs.",
        "400, 401 or 404, and no byte of any file.",
        questions.paths_for_names,
    ),
    Attack(
        "Lying ping",
        "Announces impossible sizes, also of logs of nobody, again and again.",
        "One remembered hint for each log of the circle; a question finds nothing, and nothing is taken.",
        questions.lying_ping,
        frozenset({"hints"}),
    ),
    Attack(
        "Push of anything",
        "Pushes false sections, a stranger's log, and bytes that are no stream.",
        "The same checks as for a pull: each is named in the receipt, or the whole is 400.",
        questions.push_of_anything,
    ),
    Attack(
        "Asking without end",
        f"Sends more than {MEMBER_BURST} requests at once.",
        "429 for this member; others are answered, and so is it a second later.",
        questions.asking_without_end,
    ),
)

INSIDERS: Final = (
    Attack(
        "Entries that say nothing",
        "Writes another's entry, a statement for another circle, bytes, an identifier twice into its log.",
        "Each keeps its place as unreadable, with its reason; the good one behind them is read.",
        insiders.says_nothing,
        READ,
        spoils=True,
    ),
    Attack(
        "Retracting what another said",
        "Retracts and corrects a finding of another member.",
        "Nothing happens to it: a statement acts in its own log alone.",
        insiders.retracts_anothers,
        READ,
        spoils=True,
    ),
    Attack(
        "Clock a year ahead: statement",
        "Dates a finding a year ahead, to be the newest for long.",
        "It waits, unread, for its day; what follows it is read now.",
        insiders.a_year_ahead,
        READ,
        spoils=True,
    ),
    Attack(
        "Spam at quota",
        "Publishes in an hour more than the charter allows in a day.",
        "As much is taken as a day has room for, the rest on later days; others are not delayed.",
        insiders.spam,
        GROWN,
        spoils=True,
    ),
    Attack(
        "Spam under new keys",
        "Changes its key again and again, since the log of a new key brings its past along.",
        "All keys that changes of keys connect share one quota.",
        insiders.spam_under_new_keys,
        JOINED,
        spoils=True,
    ),
    Attack(
        "Self-endorsement ring",
        "Endorses invented institutions, and a second card of its own, which all endorse each other.",
        "Nobody is admitted below the quorum; their logs are logs of nobody.",
        insiders.ring,
        JOINED,
        spoils=True,
    ),
    Attack(
        "One voice under many keys",
        "Votes and endorses under each of three keys, one after the other.",
        "One identity is one voice: nobody is removed, nobody is admitted.",
        insiders.one_voice_under_many_keys,
        JOINED,
        spoils=True,
    ),
    Attack(
        "Founder that was not asked",
        "Drafts a charter with another's true name, address and identity key beside a contributor key of its own.",
        "Without a signature by that identity key the charter is not in force: whoever signs it has joined nothing.",
        insiders.founder_that_was_not_asked,
    ),
    Attack(
        "Key substitution: card",
        "Endorses cards that bear another's identity, request or contributor key, or were made for another circle.",
        "Such an endorsement says nothing; an operator who is asked to endorse one is told why not.",
        insiders.cards_with_anothers_keys,
        READ,
        spoils=True,
    ),
    Attack(
        "Key substitution: change of keys",
        "Names another member's new key as its own next one.",
        "It leads nowhere: the identity is another. The other member is what it was.",
        insiders.takes_over_anothers_key,
        JOINED,
        spoils=True,
    ),
    Attack(
        "Key substitution: address",
        "Presents another's configuration at its own address, or its own under another's name.",
        "The first is refused (`peer-misbehaved`); of the second the fingerprint differs from what is read aloud.",
        insiders.another_at_the_address,
    ),
    Attack(
        "Yesterday's word",
        "Plays back what a member said of itself before it replaced its request key; it holds for months yet.",
        "Refused: what the same key has signed since is known, and stays.",
        insiders.a_word_that_was_replaced,
        frozenset({"introductions", "pins"}),
        spoils=True,
    ),
)


def _held(name: str, attempt: str, behave: sockets.Holds) -> Attack:
    outcome = "The connection is cut off after a bound in seconds; others are served meanwhile."
    return Attack(f"Slow loris: {name}", attempt, outcome, sockets.ask_by(behave), sockets=True)


def _wasted(name: str, attempt: str, behave: sockets.Wastes, code: NodeCode = NodeCode.PEER_UNREACHABLE) -> Attack:
    outcome = f"The exchange ends with our patience (`{code.value}`)."
    return Attack(f"Slow answer: {name}", attempt, outcome, sockets.answer_by(behave, code), sockets=True)


ON_THE_WIRE: Final = (
    _held("silence", "Opens a connection and says nothing.", sockets.says_nothing),
    _held("header", "Sends the header of a request byte by byte.", sockets.header_by_bytes),
    _held("body", "Sends the content of a request byte by byte.", sockets.content_by_bytes),
    _held("endless header", "Sends a header that is longer than any of ours.", sockets.header_without_end),
    _wasted("header", "Answers with a header, byte by byte.", loopback.drips_header),
    _wasted("body", "Answers with a body, byte by byte.", loopback.drips_body),
    _wasted("chunks", "Answers in chunks of one byte.", sockets.chunks_by_bytes),
    _wasted("announcements", "Announces its answer without end (HTTP 103).", sockets.informs_for_ever),
    _wasted("endless header", "Answers with a header that never ends.", loopback.endless_header),
    _wasted("gigabytes", "Answers with four gigabytes.", loopback.gigabytes, NodeCode.PEER_MISBEHAVED),
    _wasted("another protocol", "Answers as a mail server does.", loopback.not_http),
)

TABLE: Final = {
    "False entries": FALSE_ENTRIES,
    "False answers": FALSE_ANSWERS,
    "Two histories, and false evidence": TWO_HISTORIES,
    "False questions": QUESTIONS,
    "What a member may write": INSIDERS,
    "On the wire": ON_THE_WIRE,
}
ATTACKS: Final = tuple(attack for rows in TABLE.values() for attack in rows)


def table() -> str:
    """A heading and a table for each group."""
    groups = (
        f"### {title}\n\n| attack | what the peer does | what comes of it |\n| --- | --- | --- |\n"
        + "".join(f"| {row.name} | {row.attempt} | {row.outcome} |\n" for row in rows)
        for title, rows in TABLE.items()
    )
    return "\n".join(groups)


def written() -> str:
    """The table as it stands in the document."""
    return DOCUMENT.read_text("utf-8").partition(_BEGIN)[2].partition(_END)[0]


def main(arguments: list[str]) -> None:
    """Print, or write."""
    if "--write" in arguments:
        head, _, rest = DOCUMENT.read_text("utf-8").partition(_BEGIN)
        DOCUMENT.write_text(head + _BEGIN + table() + _END + rest.partition(_END)[2], "utf-8")
    else:
        sys.stdout.write(table())


if __name__ == "__main__":
    main(sys.argv[1:])
