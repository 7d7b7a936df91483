"""Evidence files: encrypted, named so that nobody can ask for one they know, and gone when nobody refers to them."""

import hashlib
import io
import os
import resource
import sys
import threading
from itertools import pairwise
from pathlib import Path

import pytest

from node.casework import evidence
from node.casework.assessments import add_answer, answer_plainly, change_answer, get_assessment, remove_answer
from node.clock import day_of
from node.domain.accounts import AccountId
from node.domain.casework import Assessment, Edit, PlainData, PlainKind
from node.domain.evidence import MAX_EVIDENCE_BYTES, EvidenceFile, EvidenceId
from node.errors import Code, HanseError
from node.storage.evidence import CHUNK_BYTES, EvidenceFiles, holders_of
from node.storage.vault import KEY_BYTES, Vault
from protocol.identifiers import VocabularyCode, encode_bytes
from protocol.statements import DAY_SECONDS, Timestamp
from tests.node.casework.files import PDF
from tests.node.casework.office import NOW, Office, observation

ON_DISK_ALONE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""For what hangs on no database: once is enough."""
LATER = Timestamp(NOW + evidence.FORM_SECONDS + 1)


@pytest.fixture
def folder(tmp_path: Path, vault: Vault) -> EvidenceFiles:
    return EvidenceFiles(tmp_path / "evidence", vault)


def pdf(length: int = 0, mark: bytes = b"") -> bytes:
    """A whole PDF of about this length."""
    return b"%PDF-1.7\n" + mark + bytes(max(0, length - len(PDF))) + b"\n%%EOF\n"


def add(office: Office, folder: EvidenceFiles, data: bytes, name: str = "accounts.pdf") -> EvidenceFile:
    with evidence.staged(folder, name, io.BytesIO(data)) as upload, office.database.write() as tx:
        return evidence.keep(tx, office.vault, folder, upload, office.officer, NOW)


def on_disk(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def read(folder: EvidenceFiles, file: EvidenceFile) -> bytes:
    return b"".join(evidence.content_of(folder, file))


@pytest.mark.parametrize("length", [0, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_a_file_comes_back_as_it_was(tmp_path: Path, vault: Vault, length: int) -> None:
    folder, data = EvidenceFiles(tmp_path / "e", vault), os.urandom(length)
    with folder.stage(io.BytesIO(data)) as staged:
        folder.settle(staged)
        assert staged.size == length
    chunks = list(folder.read(staged.content))
    assert b"".join(chunks) == data
    assert max(map(len, chunks)) <= CHUNK_BYTES


@ON_DISK_ALONE
def test_what_is_on_the_disk_tells_nothing(office: Office, folder: EvidenceFiles, tmp_path: Path) -> None:
    data = pdf(mark=b"heron canary")
    file = add(office, folder, data)
    (path,) = on_disk(tmp_path / "evidence")
    assert path.name == file.content
    assert b"heron canary" not in path.read_bytes()
    # A thief who holds the disk and knows a document cannot find it by any digest of it.
    for algorithm in ("sha256", "sha512", "sha1", "blake2b"):
        digest = hashlib.new(algorithm, data).digest()
        assert file.content != encode_bytes(digest)[: len(file.content)]
    other = EvidenceFiles(tmp_path / "other", Vault(os.urandom(KEY_BYTES)))
    with other.stage(io.BytesIO(data)) as staged:
        assert staged.content != file.content
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


@ON_DISK_ALONE
def test_equal_files_are_kept_once_under_the_names_people_gave(
    office: Office, folder: EvidenceFiles, tmp_path: Path
) -> None:
    one, two = add(office, folder, PDF, "one.pdf"), add(office, folder, PDF, "two.pdf")
    assert one.content == two.content
    assert len(on_disk(tmp_path / "evidence")) == 1
    with office.database.read() as tx:
        assert {each.name for each in evidence.all_files(tx, office.vault)} == {"one.pdf", "two.pdf"}
    assert read(folder, two) == PDF


@ON_DISK_ALONE
def test_any_change_to_a_stored_file_is_noticed_before_a_byte_is_shown(
    office: Office, folder: EvidenceFiles, tmp_path: Path
) -> None:
    file = add(office, folder, pdf(2 * CHUNK_BYTES + 100))
    (path,) = on_disk(tmp_path / "evidence")
    good = path.read_bytes()
    sealed = CHUNK_BYTES + 16
    cuts = [0, 17, 17 + sealed, 17 + 2 * sealed, len(good)]
    head, first, second, rest = (good[start:end] for start, end in pairwise(cuts))
    for bad in (
        good[:-1],
        good + b"x",
        head + first,
        head + first + second,
        head + second + first + rest,
        head + first + rest,
        b"\x02" + good[1:],
        bytes(17) + good[17:],
        good[:100] + bytes([good[100] ^ 1]) + good[101:],
        b"",
    ):
        path.write_bytes(bad)
        with pytest.raises(HanseError) as error:
            evidence.content_of(folder, file)
        assert error.value.code is Code.CORRUPTED
    path.unlink()
    with pytest.raises(HanseError):
        evidence.content_of(folder, file)


@ON_DISK_ALONE
def test_a_file_does_not_open_in_the_place_of_another(office: Office, folder: EvidenceFiles, tmp_path: Path) -> None:
    one, two = add(office, folder, PDF), add(office, folder, pdf(mark=b"other"))
    by_name = {path.name: path for path in on_disk(tmp_path / "evidence")}
    by_name[two.content].write_bytes(by_name[one.content].read_bytes())
    with pytest.raises(HanseError) as error:
        evidence.content_of(folder, two)
    assert error.value.code is Code.CORRUPTED


def test_a_file_goes_with_the_last_answer_that_refers_to_it(
    office: Office, folder: EvidenceFiles, tmp_path: Path
) -> None:
    file = add(office, folder, PDF)
    assessment, answer = office.assess(answer=observation(files=(file.id,)))
    second = plainly(office, assessment, file.id)
    with office.database.write() as tx:
        assert len(holders_of(tx, file.id)) == 2
        remove_answer(tx, office.vault, assessment.id, answer.id, Edit(office.officer, second.version, NOW))
    assert evidence.tidy(office.database, folder, NOW) == 0
    with office.database.write() as tx:
        assert evidence.file_of(tx, office.vault, file.id) == file
        edit = Edit(office.officer, second.version + 1, NOW)
        remove_answer(tx, office.vault, assessment.id, second.plain[0].id, edit)
    assert evidence.tidy(office.database, folder, NOW) == 1
    assert on_disk(tmp_path / "evidence") == []
    with office.database.read() as tx, pytest.raises(HanseError) as error:
        evidence.file_of(tx, office.vault, file.id)
    assert error.value.code is Code.NOT_FOUND


def test_a_change_of_an_answer_keeps_what_it_names_and_drops_the_rest(office: Office, folder: EvidenceFiles) -> None:
    kept, dropped = add(office, folder, PDF), add(office, folder, pdf(mark=b"b"))
    assessment, answer = office.assess(answer=observation(files=(kept.id, dropped.id)))
    with office.database.write() as tx:
        edit = Edit(office.officer, assessment.version, NOW)
        data = observation(files=(kept.id,))
        change_answer(tx, office.vault, office.vocabulary, assessment.id, answer.id, data, edit)
    with office.database.read() as tx:
        assert set(evidence.files_of(tx, office.vault, [kept.id, dropped.id])) == {kept.id}


def test_an_observation_takes_the_place_of_a_plain_answer_and_its_files_go(
    office: Office, folder: EvidenceFiles
) -> None:
    file = add(office, folder, PDF)
    assessment = plainly(office, office.assess()[0], file.id)
    with office.database.write() as tx:
        edit = Edit(office.officer, assessment.version, NOW)
        data = observation(question=VocabularyCode("q04"), indicator=VocabularyCode("gov-restriction-listing"))
        add_answer(tx, office.vault, office.vocabulary, assessment.id, data, edit)
        assert get_assessment(tx, office.vault, assessment.id).plain == ()
        assert evidence.files_of(tx, office.vault, [file.id]) == {}


@ON_DISK_ALONE
def test_an_answer_cannot_name_a_file_that_is_not_there(office: Office) -> None:
    with pytest.raises(HanseError) as error:
        office.assess(answer=observation(files=(EvidenceId("A" * 22),)))
    assert error.value.code is Code.INVALID


def test_a_file_that_no_answer_ever_named_goes_after_a_day(
    office: Office, folder: EvidenceFiles, tmp_path: Path
) -> None:
    file = add(office, folder, PDF)
    assert evidence.tidy(office.database, folder, Timestamp(NOW + DAY_SECONDS - 1)) == 0
    assert read(folder, file) == PDF
    assert evidence.tidy(office.database, folder, LATER) == 1
    assert on_disk(tmp_path / "evidence") == []


def test_what_crashes_left_behind_is_removed(office: Office, folder: EvidenceFiles, tmp_path: Path) -> None:
    file = add(office, folder, PDF)
    office.assess(answer=observation(files=(file.id,)))
    with pytest.raises(SystemExit):
        crash_before_the_commit(office, folder)
    assert len(on_disk(tmp_path / "evidence")) == 2
    unfinished = tmp_path / "evidence" / "cut-off.part"
    unfinished.write_bytes(b"x")
    os.utime(unfinished, (NOW, NOW))
    assert evidence.tidy(office.database, folder, LATER) == 1
    assert [path.name for path in on_disk(tmp_path / "evidence")] == [file.content]


def test_a_refused_file_leaves_nothing(folder: EvidenceFiles, tmp_path: Path) -> None:
    for data in (b"<html>", b"", PDF[:20], b"%PDF-" + bytes(MAX_EVIDENCE_BYTES) + b"%%EOF"):
        with pytest.raises(HanseError), evidence.staged(folder, "x.pdf", io.BytesIO(data)):
            pass
    assert on_disk(tmp_path / "evidence") == []


def test_a_disk_that_takes_no_more_is_reported_and_leaves_nothing(folder: EvidenceFiles, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(HanseError) as error, folder.stage(io.BytesIO(bytes(300_000))):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert error.value.code is Code.NO_SPACE
    assert "Nothing was recorded" in error.value.remedy
    assert on_disk(tmp_path / "evidence") == []


def test_a_folder_that_may_not_be_written_is_reported(vault: Vault, tmp_path: Path) -> None:
    (tmp_path / "in-the-way").write_text("a file where the folder should be")
    with pytest.raises(HanseError) as error, EvidenceFiles(tmp_path / "in-the-way", vault).stage(io.BytesIO(PDF)):
        pass
    assert error.value.code is Code.NO_SPACE


def test_adding_and_clearing_away_at_the_same_time_loses_nothing(office: Office, folder: EvidenceFiles) -> None:
    """The content is the same each time, so that one removes what the other has just found to be there."""
    lost: list[EvidenceId] = []

    def come_and_go(account: AccountId) -> None:
        del account
        for _ in range(8):
            file = add(office, folder, PDF)
            with office.database.write() as tx:
                evidence.use(tx, file.id, [file.id])
            if read(folder, file) != PDF:
                lost.append(file.id)
            with office.database.write() as tx:
                evidence.use(tx, file.id, [])
            evidence.tidy(office.database, folder, NOW)

    threads = [threading.Thread(target=come_and_go, args=(each,)) for each in (office.officer, office.colleague)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lost == []


def crash_before_the_commit(office: Office, folder: EvidenceFiles) -> None:
    """The file is at its place, and the transaction that names it never ends."""
    lost = io.BytesIO(pdf(mark=b"lost"))
    with evidence.staged(folder, "lost.pdf", lost) as upload, office.database.write() as tx:
        evidence.keep(tx, office.vault, folder, upload, office.officer, NOW)
        sys.exit("a crash")


def plainly(office: Office, assessment: Assessment, file: EvidenceId) -> Assessment:
    """The same assessment with a question answered by a file alone."""
    data = PlainData(
        question=VocabularyCode("q04"), kind=PlainKind.NOTHING_FOUND, words="", day=day_of(NOW), files=(file,)
    )
    with office.database.write() as tx:
        edit = Edit(office.officer, assessment.version, NOW)
        answer_plainly(tx, office.vault, office.vocabulary, assessment.id, data, edit)
        return get_assessment(tx, office.vault, assessment.id)
