"""Content-Digest has one spelling."""

import pytest
from hypothesis import given as given_any
from hypothesis import settings
from hypothesis import strategies as st

from protocol.errors import Code, ProtocolError
from protocol.messages.digest import check_content_digest, content_digest
from tests.protocol.vector_cases import Given, cases, refusal


@pytest.mark.parametrize("case", cases("content_digest"), ids=lambda case: case.name)
def test_digest_vectors(case: Given) -> None:
    assert refusal(lambda: check_content_digest(case.text("header"), case.data("body"))) == case.error


def test_rfc_9530_example() -> None:
    # RFC 9530 appendix B.1: the content is {"hello": "world"} and a line feed.
    assert content_digest(b'{"hello": "world"}\n') == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"


@settings(deadline=None)
@given_any(body=st.binary(), header=st.text(max_size=80))
def test_only_its_own_digest_fits(body: bytes, header: str) -> None:
    check_content_digest(content_digest(body), body)
    with pytest.raises(ProtocolError) as caught:
        check_content_digest(header, body)
    assert caught.value.code is Code.BAD_DIGEST
