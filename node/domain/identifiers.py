"""Identifiers of local rows: random, so that they tell neither order nor number."""

import os
from typing import Final

from protocol.identifiers import encode_bytes

ID_BYTES: Final = 16


def new_id() -> str:
    """128 random bits in base64url, 22 characters."""
    return encode_bytes(os.urandom(ID_BYTES))
