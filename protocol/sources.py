"""Digests of sources: ten members who cite one newspaper article name one root, not ten.

Two nodes get the same digest for the same public source only if they spell it alike, so the spelling is part of
the protocol (clause 4.19). An address loses what does not change the document (scheme, ``www.``, default port,
fragment, tracking parameters, trailing slash); a DOI is one DOI in whatever form; any other citation is compared by its
letters and digits. Nothing is fetched: two addresses of one document that look different stay two sources.
"""

import re
import unicodedata
from collections.abc import Iterable
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from protocol.identifiers import Digest, encode_bytes

_CONTEXT: Final = b"hanse/v1/source\n"
_ADDRESS: Final = re.compile(r"https?://\S+", re.IGNORECASE)
_DOI: Final = re.compile(r"(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:\s*)?(10\.\d{4,9}/\S+)", re.IGNORECASE)
_TRACKING: Final = re.compile(r"utm_\w+|fbclid|gclid|mc_[ce]id|cmpid|ocid|igshid|ref_src", re.IGNORECASE)
_DEFAULT_PORTS: Final = frozenset({None, 80, 443})


def source_digest(reference: str) -> Digest:
    """SHA-256 over the normal form of a reference."""
    return Digest(encode_bytes(sha256(_CONTEXT + normal_form(reference).encode()).digest()))


def source_digests(references: Iterable[str]) -> tuple[Digest, ...]:
    """The ``sources`` of a statement: ascending, each once."""
    return tuple(sorted({source_digest(reference) for reference in references if reference.strip()}))


def normal_form(reference: str) -> str:
    """``doi:10.…``, ``url:host/path?query`` or ``cite:words`` (clause 4.19); total and deterministic.

    Lone surrogates, which no text has, become question marks, so that every string has a form.
    """
    text = unicodedata.normalize("NFKC", reference.encode("utf-8", "replace").decode()).strip()
    if doi := _DOI.fullmatch(text):
        return "doi:" + unquote(doi[1]).rstrip(".,;").lower()
    if _ADDRESS.fullmatch(text) and (address := _address(text)):
        return "url:" + address
    words = "".join(c if c.isalnum() or unicodedata.category(c).startswith("M") else " " for c in text.casefold())
    return "cite:" + " ".join(words.split())


def _address(text: str) -> str:
    """Host, path and query of an address, or nothing if it is none."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return ""
    host = (parts.hostname or "").removeprefix("www.").rstrip(".")
    if not host:
        return ""
    if port not in _DEFAULT_PORTS:
        host = f"{host}:{port}"
    path = quote(unquote(parts.path), safe="/~!$&'()*+,;=:@-._").rstrip("/")
    query = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(pair[0])]
    return host + path + (f"?{urlencode(sorted(query))}" if query else "")
