"""Charters that are going round: drafted here or sent to us, signed, completed, and then joined or dropped.

A charter travels as a file, by whatever way people send files. Each copy that comes back may bring signatures that
ours lacks; they are added to it, whatever the order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from node.circles import found
from node.errors import Code, HanseError
from node.ledger.keyring import Keyring
from node.storage import pins, proposals
from node.storage.database import Transaction
from protocol import circles as charters
from protocol.circles import Charter, SignedCharter
from protocol.errors import ProtocolError
from protocol.identifiers import CircleId, KeyId
from protocol.keys import PublicKey
from protocol.messages.card import NodeCard, fingerprint, open_card
from protocol.statements import Timestamp


@dataclass(frozen=True, slots=True)
class FounderView:
    """One founder of a proposal."""

    name: str
    url: str
    identity: KeyId
    fingerprint: str
    ours: bool
    confirmed: bool
    """Whether somebody here has confirmed whose identity key this is."""
    signed: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """A charter that is going round, and how far it has come."""

    circle: CircleId
    signed: SignedCharter
    founders: tuple[FounderView, ...]

    @property
    def charter(self) -> Charter:
        """The terms."""
        return self.signed.charter

    @property
    def signatures(self) -> int:
        """How many founders have signed."""
        return len(self.signed.signatures)

    @property
    def complete(self) -> bool:
        """Whether every founder has signed."""
        return self.signatures == len(self.founders)

    @property
    def ours(self) -> FounderView | None:
        """Our own line, where the charter names us."""
        return next((founder for founder in self.founders if founder.ours), None)


def read_cards(text: str) -> list[bytes]:
    """The cards in a text, one to a line; raises ``BAD_FILE`` naming the line that is none."""
    cards: list[bytes] = []
    for number, line in enumerate(text.split("\n"), start=1):
        card = line.strip().encode()
        if not card or card in cards:
            continue
        try:
            open_card(card)
        except ProtocolError as error:
            raise HanseError(
                Code.BAD_FILE,
                f"line {number} is not a card: {error.detail}.",
                remedy="A card is one long line of letters and digits with two full stops in it. Paste it whole.",
            ) from error
        cards.append(card)
    return cards


def read_card(text: str) -> tuple[bytes, NodeCard]:
    """The one card that was pasted or uploaded; raises ``BAD_FILE``."""
    cards = read_cards(text)
    if len(cards) != 1:
        raise HanseError(Code.BAD_FILE, f"{len(cards)} cards were given.", remedy="Give one card.")
    return cards[0], open_card(cards[0])


def keep(tx: Transaction, signed: SignedCharter, now: Timestamp) -> CircleId:
    """Keep a charter; where it is here already, add the signatures that ours lacks.

    Raises ``BAD_FILE`` for a signature that does not verify.
    """
    try:
        charters.verify(signed)
    except ProtocolError as error:
        raise HanseError(
            Code.BAD_FILE,
            f"this charter cannot be used: {error.detail}.",
            remedy="Ask whoever sent it for the file as it was written.",
        ) from error
    circle = charters.circle_id(charters.encode_charter(signed.charter))
    known = proposals.find(tx, circle)
    proposals.keep(tx, circle, signed if known is None else charters.add_signatures(known, signed), now)
    return circle


def get(tx: Transaction, keyring: Keyring, circle: CircleId) -> Proposal:
    """One proposal, with what is known here of its founders."""
    signed = proposals.find(tx, circle)
    if signed is None:
        raise HanseError(
            Code.NOT_FOUND, "no charter with this identifier is going round here.", remedy="Upload it once more."
        )
    return _view(tx, keyring, circle, signed)


def list_proposals(tx: Transaction, keyring: Keyring) -> Sequence[Proposal]:
    """Every proposal, the newest first."""
    return [_view(tx, keyring, circle, signed) for circle, signed, _ in proposals.list_all(tx)]


def sign(tx: Transaction, keyring: Keyring, circle: CircleId, now: Timestamp) -> Proposal:
    """Add our signature."""
    proposal = get(tx, keyring, circle)
    proposals.keep(tx, circle, found.sign(keyring, proposal.signed), now)
    return get(tx, keyring, circle)


def discard(tx: Transaction, circle: CircleId) -> None:
    """Forget it here; a signature that was handed out stays valid."""
    proposals.discard(tx, circle)


def _view(tx: Transaction, keyring: Keyring, circle: CircleId, signed: SignedCharter) -> Proposal:
    own = keyring.identity_public()
    done = {signature.key_id for signature in signed.signatures}
    lines = []
    for founder in signed.charter.founders:
        key = PublicKey.decode(founder.identity_key)
        ours = key == own
        lines.append(
            FounderView(
                name=founder.name,
                url=founder.url,
                identity=key.key_id,
                fingerprint=fingerprint(key),
                ours=ours,
                confirmed=ours or pins.is_confirmed(tx, key.key_id),
                signed=founder.key_id in done,
            )
        )
    return Proposal(circle, signed, tuple(sorted(lines, key=lambda line: line.name.casefold())))
