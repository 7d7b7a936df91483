"""Every bound of the wire format, with its unit and its reason. A node may be stricter, never laxer."""

from typing import Final

MAX_PAYLOAD_BYTES: Final = 16_384
"""One statement's JSON, in bytes. A full finding is about 1.2 kB; ten times that leaves room for scripts
that take four bytes a character, and bounds what one entry can make a peer decode."""

MAX_ENTRY_BYTES: Final = 24_576
"""One compact JWS, in bytes: the payload in base64url (4/3) plus header and signature."""

MAX_CARD_BYTES: Final = 4_096
"""One node's card as a JWS, in bytes: twice what the longest name and URL need."""

MAX_SUMMARY_CHARACTERS: Final = 600
"""Unicode code points in a summary: a paragraph, too short for a case file."""

MAX_REPLY_CHARACTERS: Final = 2_000
"""Unicode code points in a subject's reply: a page, more than the summaries that it answers."""

MAX_REPLY_TARGETS: Final = 16
"""Statements that one reply answers."""

MAX_ERASED: Final = 256
"""Entries that one erasure takes the content of: a statement and its corrections."""

MAX_SPONSORED_BYTES: Final = 11_264
"""A sponsored finding's JWS, in bytes: in base64url once more it leaves a kibibyte of an entry's payload for the rest.
A full finding in a script of three bytes a character has about 5 kB."""

MAX_TOKEN_OPERATORS: Final = 8
"""Institutions that evaluate person tokens one after the other; each costs a round trip."""

MAX_EPOCH: Final = 1_000_000
"""Epochs of person tokens: one a day for 2,700 years."""

MAX_LABEL_CHARACTERS: Final = 200
"""Unicode code points in an organisation's name; the longest by which ROR shows one has 196."""

MAX_SOURCES: Final = 16
"""Source digests in one statement. More sources than this are an investigation, not a finding."""

MAX_CODES: Final = 16
"""Entries in one list of vocabulary codes."""

MAX_RETENTION_DAYS: Final = 3_653
"""Ten years, in days: nothing is kept for ever."""

MAX_CLOCK_SKEW_SECONDS: Final = 300
"""How far a peer's clock may be ahead of ours (statements and signed requests)."""

MAX_VOCABULARY_BYTES: Final = 1_048_576
"""One vocabulary file, in bytes; version 1 has about 40 kB."""

MAX_DISCLOSURE_BYTES: Final = 65_536
"""One disclosed field, in bytes of base64url text."""

MAX_PRESENTATION_BYTES: Final = MAX_ENTRY_BYTES + 4 * (MAX_DISCLOSURE_BYTES + 1) + 1
"""A statement with every held-back field, in bytes: the JWS, each disclosure after a tilde, and the last tilde."""

MAX_LOG_SIZE: Final = 2**40
"""Entries in one log. Far above any use; keeps indices inside exact integers everywhere."""

MAX_PROOF_HASHES: Final = 64
"""Hashes in one inclusion or consistency proof; 2 * log2(MAX_LOG_SIZE) rounded down is never reached."""

MAX_CHECKPOINT_BYTES: Final = 4_096
"""One signed note, in bytes, including the cosignatures of a few dozen witnesses."""

MAX_COSIGNATURES: Final = 12
"""Cosignatures that a node carries with one checkpoint, about 200 bytes each: the note stays below 3 kB, and twelve
witnesses are more than any removal quorum that a circle of twenty would choose."""

MAX_NOTE_SIGNATURES: Final = 64
"""Signature lines in one signed note: the author's and its witnesses'. Other readers of notes stop at 100."""

MAX_MEMBERS: Final = 1_000
"""Founders in a charter, and members whose logs one circle replicates."""

MAX_STREAM_BYTES: Final = 8_388_608
"""One response to an entries request, in bytes: held in memory on both sides while its digest is checked."""

MAX_STREAM_ENTRIES: Final = 20_000
"""Entries in one response, and so in one section of it. 8 MiB hold about 5,000 findings, or 12,000 of the shortest
readable entries; without this bound they would hold eight million empty ones, each of which becomes rows."""

MAX_REQUEST_BYTES: Final = 1_310_720
"""One entries request, in bytes: a ``have`` map of ten thousand logs fits, with as many names in ``only``."""

MAX_NONCE_CHARACTERS: Final = 64
"""The nonce of a signed request; 22 characters of base64url carry 128 bits."""

MAX_AUTHOR_NOTE_BYTES: Final = 512
"""A checkpoint with its author's signature and nobody else's, in bytes: origin twice, size, root and signature."""

MAX_FACTS: Final = 2_000
"""Entries of one log that count for membership: twice the members of the largest circle. Who could add facts without
end would make every node compute the roster from all of them, again and again."""

MAX_KEY_CHANGES: Final = 64
"""Changes of keys one after the other, from a founder's or an endorsed key on: one a month for five years; then members
endorse a fresh card. Each is a log for ever, and no single member shall fill a circle with logs."""

MAX_FORKS: Final = 8
"""Fork proofs in one stream, at most 11 kB each as a line: a receiver verifies them all; another answer brings more."""

MAX_FORK_BYTES: Final = 8_192
"""One fork proof, in bytes: two checkpoints, two leaves, and the two longest inclusion proofs at 46 bytes a hash."""

MAX_PING_LOGS: Final = 256
"""Logs that one ping names. It is a hint; what it leaves out, the next pull finds."""

MAX_PING_BYTES: Final = 32_768
"""One ping, in bytes: the largest number of logs at 64 bytes each, twice over."""

MAX_ENTITY_STATEMENT_BYTES: Final = 65_536
"""One entity statement of OpenID Federation as a JWS, in bytes. Ours have about 1 kB; a trust anchor's are longer."""

MAX_ENTITY_KEYS: Final = 32
"""Keys in one JWK set of an entity statement."""
