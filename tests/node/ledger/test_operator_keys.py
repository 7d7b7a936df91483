"""An operator's keys on disk: made once, for their owner's eyes, and gone when they are destroyed."""

from pathlib import Path

import pytest

from node.domain.settings import Settings
from node.errors import Code, HanseError
from node.ledger import operator_keys
from protocol.identifiers import CircleId, encode_bytes
from protocol.ristretto import ORDER, library_file
from tests.federation.support import make_node

CIRCLE = CircleId("A" * 43)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    node = make_node(tmp_path, "alder")
    node.runtime.database.close()
    return node.runtime.settings


def _file(settings: Settings) -> Path:
    return settings.keys / "operators" / f"{CIRCLE}-1.key"


def test_a_key_is_made_once_and_for_its_epoch(settings: Settings) -> None:
    assert operator_keys.load(settings, CIRCLE, 1) is None
    key = operator_keys.load_or_make(settings, CIRCLE, 1)
    assert operator_keys.load_or_make(settings, CIRCLE, 1) == key == operator_keys.load(settings, CIRCLE, 1)
    assert operator_keys.load_or_make(settings, CIRCLE, 2) != key
    assert _file(settings).stat().st_mode & 0o777 == 0o600
    assert _file(settings).parent.stat().st_mode & 0o777 == 0o700


def test_a_destroyed_key_does_not_come_back(settings: Settings) -> None:
    key = operator_keys.load_or_make(settings, CIRCLE, 1)
    operator_keys.destroy(settings, CIRCLE, 1)
    assert not _file(settings).exists()
    assert operator_keys.load_or_make(settings, CIRCLE, 1) != key
    with pytest.raises(HanseError) as missing:
        operator_keys.destroy(settings, CIRCLE, 3)
    assert missing.value.code is Code.NOT_FOUND


@pytest.mark.parametrize(
    "content",
    [b"", b"no key\n", encode_bytes(bytes(32)).encode(), encode_bytes(ORDER.to_bytes(32, "little")).encode(), b"\xff"],
)
def test_a_file_that_holds_no_key_is_refused_without_its_content(settings: Settings, content: bytes) -> None:
    operator_keys.load_or_make(settings, CIRCLE, 1)
    _file(settings).write_bytes(content)
    with pytest.raises(HanseError) as refused:
        operator_keys.load(settings, CIRCLE, 1)
    assert refused.value.code is Code.BAD_KEY_FILE
    assert "AAAAAAAAAA" not in str(refused.value).replace(CIRCLE, "")


def test_a_key_that_others_can_read_is_not_used(settings: Settings) -> None:
    operator_keys.load_or_make(settings, CIRCLE, 1)
    _file(settings).chmod(0o644)
    with pytest.raises(HanseError) as refused:
        operator_keys.load(settings, CIRCLE, 1)
    assert refused.value.code is Code.BAD_KEY_FILE


def test_the_library_leaves_no_file_behind() -> None:
    operator_keys.random_scalar()
    assert not Path(library_file()).exists()
