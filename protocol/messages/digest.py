"""Content-Digest (RFC 9530), with SHA-256 and nothing else.

The field has one accepted spelling, so a digest is compared as text. A message without content has the digest
of the empty string: what is signed then says that there was none.
"""

import base64
import hmac
from hashlib import sha256

from protocol.errors import Code, ProtocolError


def content_digest(body: bytes) -> str:
    """The value of ``Content-Digest`` for this content (RFC 9530 section 2)."""
    return f"sha-256=:{base64.b64encode(sha256(body).digest()).decode('ascii')}:"


def check_content_digest(header: str, body: bytes) -> None:
    """Refuse content that is not what the field says, or a field in any other spelling (clause 9.2).

    Raises ``BAD_DIGEST``. Says nothing of who made the field: its signature does.
    """
    if not hmac.compare_digest(header.encode("utf-8", "replace"), content_digest(body).encode("ascii")):
        raise ProtocolError(Code.BAD_DIGEST, "Content-Digest is not the SHA-256 of the content")
