"""What people read instead of a contributor's name.

A pseudonym is a short rendering of the contributor key's thumbprint, bound to the circle. The key itself is
made for one circle and one epoch, so pseudonyms cannot be linked across circles or epochs; the rendering only
makes them short enough to be read, compared and spoken. Only the roster that member nodes hold ties a key to
an institution.
"""

import base64
from hashlib import sha256
from typing import Final

from protocol.identifiers import CircleId, KeyId, Pseudonym

_CONTEXT: Final = b"hanse/v1/pseudonym\n"
_BYTES: Final = 5
"""40 bits: 8 characters. Two of 1,000 members share one with probability below one in two million."""
_CROCKFORD: Final = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def pseudonym(circle: CircleId, contributor: KeyId) -> Pseudonym:
    """``K7Q2-M4XD``: Crockford base32 of the first 40 bits of a SHA-256 over circle and key (clause 6.2)."""
    digest = sha256(_CONTEXT + f"{circle}\n{contributor}".encode("ascii")).digest()
    text = base64.b32encode(digest[:_BYTES]).translate(_CROCKFORD).decode("ascii")
    return Pseudonym(f"{text[:4]}-{text[4:]}")
