"""The table of attacks, and the same table in ``docs/hostile-peers.md``.

``python -m tests.federation.attacks.table --write`` puts it into the document; without the option it is printed.
"""

import sys
from typing import Final

from node.errors import Code as NodeCode
from node.sync.limits import MEMBER_BURST
from tests import support
from tests.federation import test_loopback as loopback
from tests.federation.attacks import histories, insiders, questions, sockets
from tests.federation.attacks.rows_of_answers import FALSE_ANSWERS, FALSE_ENTRIES
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
        "Forgotten word",
        "Shows a restored witness less of a log than the witness has cosigned.",
        "The witness takes the entries; it cosigns nothing until it is past the size that came back with its own word.",
        histories.forgotten_word,
        GROWN,
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
        "Rings and is not there",
        "Pings each minute with news, and cannot be reached when it is asked.",
        "A ping ends the wait for a host once in the time of one wait: it is asked twice an hour, not sixty times.",
        questions.rings_and_is_not_there,
    ),
    Attack(
        "Another door of a private host",
        "Moves to another port of a machine whose private address the operator has allowed, or to plain HTTP.",
        "Not contacted: a private peer is allowed by host and port, and with TLS alone (`peer-unreachable`).",
        questions.another_door_of_a_private_host,
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
