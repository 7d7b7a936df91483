"""Watching partners: told once of what reads differently, of nothing that was known, and outside never what it is."""

import base64
import hmac
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from fastapi import FastAPI, Request

from node.accounts.manage import create_account, disable_account, set_roles
from node.clock import SystemClock
from node.config import SMTP_SECRET, WEBHOOK_SECRET
from node.domain.accounts import AccountId, Role
from node.domain.settings import MailSettings, WebhookSettings
from node.domain.watch import Alert, Change, Pace
from node.errors import Code, HanseError
from node.insight import notices, watch
from node.insight.refresh import catch_up
from node.storage import watch as storage
from node.sync.fetch import Fetcher
from protocol.identifiers import SubjectId, VocabularyCode
from protocol.statements import Timestamp
from tests.federation.support import free_port, serving
from tests.federation.tls import Authority
from tests.node import statements as make
from tests.node.insight.support import Pool

PARTNER: Final = SubjectId("circle:AAAAAAAAAAAAAAAAAAAAAA")
OTHER: Final = SubjectId("circle:BBBBBBBBBBBBBBBBBBBBBA")
INDICATOR: Final = VocabularyCode("gov-transparent-governance")
SENDER: Final = "hanse@aldermoor.example"
CANARY: Final = "Zanzibarian Institute of Quokkas"


def _account(pool: Pool, login: str = "ada") -> AccountId:
    runtime = pool.node.runtime
    with runtime.database.write() as tx:
        return create_account(
            tx, runtime.vault, login=login, display_name=login, roles=frozenset({Role.OFFICER}), now=make.IAT
        )[0].id


def _watch(pool: Pool, account: AccountId, subject: SubjectId = PARTNER) -> str:
    with pool.database.write() as tx:
        vault = pool.node.runtime.vault
        return watch.add(tx, vault, account, subject, CANARY, relatives=False, now=make.IAT).id


def _look(pool: Pool, now: Timestamp = make.IAT) -> int:
    catch_up(pool.database, pool.node.runtime.vocabulary, now)
    return watch.look(pool.database, pool.node.runtime.vault, now)


def _alerts(pool: Pool, account: AccountId) -> list[Alert]:
    with pool.database.read() as tx:
        return storage.alerts(tx, pool.node.runtime.vault, account, 100)


def test_what_appears_moves_and_goes_is_told_once(pool: Pool) -> None:
    account = _account(pool)
    first = pool.find(1, make.finding_body(PARTNER, INDICATOR))
    assert _look(pool) == 0
    _watch(pool, account)
    assert _look(pool) == 0  # what is known is no news

    pool.find(2, make.finding_body(PARTNER, INDICATOR))
    pool.find(2, make.finding_body(OTHER, INDICATOR))
    assert _look(pool) == 1
    assert _look(pool) == 0
    (alert,) = _alerts(pool, account)
    assert (alert.change, alert.before, alert.after) == (Change.MOVED, "likely", "very-likely")
    assert (alert.subject, alert.indicator, alert.label) == (PARTNER, INDICATOR, CANARY)

    pool.find(3, make.finding_body(PARTNER, VocabularyCode("gov-opaque-control")))
    assert _look(pool) == 1
    pool.say(1, make.retraction(pool.circle, first))
    assert _look(pool) == 1
    newest = {(alert.change, alert.before, alert.after) for alert in _alerts(pool, account)}
    assert newest == {
        (Change.MOVED, "likely", "very-likely"),
        (Change.NEW, "", "likely"),
        (Change.MOVED, "very-likely", "likely"),
    }


def test_what_ends_is_told_as_gone(pool: Pool) -> None:
    account = _account(pool)
    finding = pool.find(1, make.finding_body(PARTNER, INDICATOR))
    _look(pool)
    _watch(pool, account)
    pool.say(1, make.retraction(pool.circle, finding))
    assert _look(pool) == 1
    (alert,) = _alerts(pool, account)
    assert (alert.change, alert.after) == (Change.GONE, "")


def test_each_person_has_watches_and_alerts_of_their_own(pool: Pool) -> None:
    ada, bo, gone = (_account(pool, login) for login in ("ada", "bo", "gone"))
    mine = _watch(pool, ada)
    _watch(pool, bo, OTHER)
    _watch(pool, gone)
    with pool.database.write() as tx:
        disable_account(tx, pool.node.runtime.vault, gone)
        with pytest.raises(HanseError) as caught:
            watch.add(tx, pool.node.runtime.vault, ada, PARTNER, "", relatives=True, now=make.IAT)
    assert caught.value.code is Code.CONFLICT
    pool.find(1, make.finding_body(PARTNER, INDICATOR))
    assert _look(pool) == 1
    assert [len(_alerts(pool, each)) for each in (ada, bo, gone)] == [1, 0, 0]
    with pool.database.write() as tx:
        assert not storage.remove(tx, bo, mine)
        storage.mark_seen(tx, bo)
        assert storage.count_unseen(tx, ada) == 1
        storage.mark_seen(tx, ada)
        assert storage.count_unseen(tx, ada) == 0
        assert storage.remove(tx, ada, mine)
    assert _alerts(pool, ada) == []


def test_who_may_read_the_pool_no_more_hears_nothing_more_of_it(pool: Pool) -> None:
    account = _with_news(pool, Pace.AT_ONCE)
    with pool.database.write() as tx:
        create_account(
            tx, pool.node.runtime.vault, login="op", display_name="op", roles=frozenset({Role.OPERATOR}), now=make.IAT
        )
        set_roles(tx, pool.node.runtime.vault, account, frozenset({Role.OBSERVER}))
    pool.find(3, make.finding_body(PARTNER, VocabularyCode("gov-opaque-control")))
    assert _look(pool) == 0
    with pool.database.read() as tx:
        assert storage.deliveries(tx, pool.node.runtime.vault) == []


def test_old_alerts_are_forgotten(pool: Pool) -> None:
    account = _account(pool)
    _watch(pool, account)
    pool.find(1, make.finding_body(PARTNER, INDICATOR))
    assert _look(pool) == 1
    watch.look(pool.database, pool.node.runtime.vault, Timestamp(make.IAT + watch.KEPT_SECONDS + 1))
    assert _alerts(pool, account) == []


def test_whom_somebody_watches_is_in_no_row_that_a_thief_can_read(pool: Pool) -> None:
    account = _account(pool)
    _watch(pool, account)
    pool.find(1, make.finding_body(PARTNER, INDICATOR))
    _look(pool)
    with pool.database.write() as tx:
        watch.set_delivery(tx, pool.node.runtime.vault, account, "ada@aldermoor.example", Pace.DAILY)
    with pool.database.engine.connect() as connection:
        for table in ("watches", "alerts", "alert_deliveries"):
            rows = repr(connection.exec_driver_sql(f"SELECT * FROM {table}").all())  # noqa: S608 - our own names
            for secret in (CANARY, PARTNER, INDICATOR, "aldermoor"):
                assert secret not in rows


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "@example.org",
        "a@",
        "a b@example.org",
        "a@b\r\nBcc: c@d",
        "x" * 300,
        # Two people, where one asked; a group; a comment.
        "a@example.org,b@example.org",
        "a@example.org;b@example.org",
        "all:a@example.org",
        "<a@example.org",
        "a(b)@example.org",
        # What the parser of mail headers falls over, and every notice of the round with it.
        '?a.:@a".',
        "<.@[=((=",
        ":,@?:(),<",
    ],
)
def test_only_an_address_is_taken_for_one(pool: Pool, address: str) -> None:
    account = _account(pool)
    with pool.database.write() as tx:
        with pytest.raises(HanseError) as caught:
            watch.set_delivery(tx, pool.node.runtime.vault, account, address, Pace.AT_ONCE)
        watch.set_delivery(tx, pool.node.runtime.vault, account, address, Pace.NEVER)
    assert caught.value.code is Code.INVALID


@dataclass
class Mailbox:
    """What a real mail server on loopback took."""

    messages: list[tuple[list[str], str]] = field(default_factory=list)
    refuse: bool = False

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's
        if self.refuse:
            return "451 come again"
        assert isinstance(envelope.content, bytes)
        self.messages.append((envelope.rcpt_tos, envelope.content.decode()))
        return "250 taken"


@contextmanager
def _mail_server(mailbox: Mailbox, *, password: str = "", tls: ssl.SSLContext | None = None) -> Iterator[int]:
    port = free_port()

    def check(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object) -> AuthResult:
        right = isinstance(given, LoginPassword) and given.password == password.encode()
        return AuthResult(success=right, handled=False)

    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=port,
        tls_context=tls,
        require_starttls=tls is not None,
        authenticator=check,
        auth_required=bool(password),
    )
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def _plain(port: int) -> notices.Carrier:
    """For a closed network."""
    return notices.by_mail(MailSettings("127.0.0.1", port, "off", "", Path("nowhere"), SENDER), "Aldermoor")


def _deliver(pool: Pool, *carriers: notices.Carrier, now: Timestamp) -> list[bool]:
    runtime = pool.node.runtime
    return list(notices.deliver(pool.database, runtime.vault, "https://hanse.example", list(carriers), now))


def _with_news(pool: Pool, pace: Pace) -> AccountId:
    account = _account(pool)
    _watch(pool, account)
    with pool.database.write() as tx:
        watch.set_delivery(tx, pool.node.runtime.vault, account, "ada@aldermoor.example", pace)
    pool.find(1, make.finding_body(PARTNER, INDICATOR))
    assert _look(pool) == 1
    return account


def test_whoever_was_told_by_another_process_meanwhile_is_not_told_again(pool: Pool) -> None:
    first = _with_news(pool, Pace.AT_ONCE)
    second = _account(pool, "bo")
    _watch(pool, second)
    with pool.database.write() as tx:
        watch.set_delivery(tx, pool.node.runtime.vault, second, "bo@aldermoor.example", Pace.AT_ONCE)
    pool.find(3, make.finding_body(PARTNER, VocabularyCode("gov-opaque-control")))
    later = Timestamp(make.IAT + notices.DAY_SECONDS)
    _look(pool, later)
    told: list[str] = []

    def carry(notice: notices.Notice, now: Timestamp) -> None:
        told.append(notice.account)
        with pool.database.write() as tx:  # another process, which was quicker with everybody
            for account in (first, second):
                storage.mark_told(tx, account, now)

    now = Timestamp(later + notices.PAUSE_SECONDS)
    sent = list(notices.deliver(pool.database, pool.node.runtime.vault, "https://aldermoor.example", [carry], now))
    assert (sent, len(told)) == ([True], 1)


@pytest.mark.enable_socket
def test_a_notice_says_that_there_is_something_and_not_what(pool: Pool, tmp_path: Path) -> None:
    _with_news(pool, Pace.AT_ONCE)
    authority = Authority(tmp_path, datetime.fromtimestamp(SystemClock().now(), UTC))
    trusting = ssl.create_default_context(cafile=str(authority.roots))
    secret = tmp_path / SMTP_SECRET
    secret.touch(mode=0o600)
    secret.write_text("open sesame\n")
    mailbox = Mailbox()
    tls = authority.context("127.0.0.1")
    with _mail_server(mailbox, password="open sesame", tls=tls) as port:  # noqa: S106 - of a test
        settings = MailSettings("127.0.0.1", port, "starttls", "hanse", secret, SENDER)
        refused = (
            notices.by_mail(replace(settings, user=""), "Aldermoor", trusting=trusting),  # nobody has signed in
            notices.by_mail(settings, "Aldermoor"),  # an authority that nobody knows
            _plain(port),
        )
        for carrier in refused:
            assert _deliver(pool, carrier, now=make.IAT) == [False]
        carrier = notices.by_mail(settings, "University of Aldermoor", trusting=trusting)
        assert _deliver(pool, carrier, now=make.IAT) == [True]
        assert _deliver(pool, carrier, now=make.IAT) == []
    ((recipients, text),) = mailbox.messages
    assert recipients == ["ada@aldermoor.example"]
    assert "https://hanse.example/watch" in text
    assert "Auto-Submitted: auto-generated" in text
    for private in (CANARY, PARTNER, INDICATOR, "Circle", "concern", "assurance", "likely"):
        assert private not in text


@pytest.mark.enable_socket
def test_the_pace_is_kept_and_a_failure_is_made_up(pool: Pool) -> None:
    account = _with_news(pool, Pace.AT_ONCE)
    mailbox, later = Mailbox(refuse=True), make.IAT
    with _mail_server(mailbox) as port:
        assert _deliver(pool, _plain(port), now=later) == [False]
        mailbox.refuse = False
        assert _deliver(pool, _plain(port), now=later) == [True]
        pool.find(2, make.finding_body(PARTNER, INDICATOR))
        later = Timestamp(later + 1)
        assert _look(pool, later) == 1
        assert _deliver(pool, _plain(port), now=later) == []
        later = Timestamp(make.IAT + notices.PAUSE_SECONDS)
        assert _deliver(pool, _plain(port), now=later) == [True]
        assert "something new about partners" in mailbox.messages[-1][1]

        with pool.database.write() as tx:
            watch.set_delivery(tx, pool.node.runtime.vault, account, "ada@aldermoor.example", Pace.DAILY)
        pool.find(3, make.finding_body(PARTNER, VocabularyCode("gov-opaque-control")))
        later = Timestamp(later + 1)
        assert _look(pool, later) == 1
        assert _deliver(pool, _plain(port), now=Timestamp(later + notices.PAUSE_SECONDS)) == []
        assert _deliver(pool, _plain(port), now=Timestamp(later + notices.DAY_SECONDS)) == [True]
    assert _deliver(pool, _plain(port), now=Timestamp(later + 3 * notices.DAY_SECONDS)) == []
    assert len(mailbox.messages) == 3


@pytest.mark.enable_socket
def test_mail_without_a_protected_connection_is_not_sent_where_one_is_asked_for(pool: Pool) -> None:
    _with_news(pool, Pace.AT_ONCE)
    mailbox = Mailbox()
    with _mail_server(mailbox) as port:
        settings = MailSettings("127.0.0.1", port, "starttls", "", Path("nowhere"), SENDER)
        for carrier in (
            notices.by_mail(settings, "Aldermoor"),
            notices.by_mail(replace(settings, tls="tls"), "Aldermoor"),
        ):
            assert _deliver(pool, carrier, now=make.IAT) == [False]
    assert mailbox.messages == []


@pytest.mark.enable_socket
def test_the_webhook_gets_a_number_and_a_signature_that_can_be_checked(pool: Pool, tmp_path: Path) -> None:
    account = _with_news(pool, Pace.AT_ONCE)
    key = bytes(range(24))
    secret = tmp_path / WEBHOOK_SECRET
    secret.touch(mode=0o600)
    secret.write_text("whsec_" + base64.b64encode(key).decode())
    port, status, seen = free_port(), [500], []
    app = FastAPI(openapi_url=None)

    @app.post("/notices")
    async def take(request: Request) -> int:
        seen.append((dict(request.headers), await request.body()))
        return status[0]

    with serving(app, port), Fetcher(pool.node.runtime.settings) as fetcher:
        hook = WebhookSettings(f"http://127.0.0.1:{port}/notices", secret)
        assert _deliver(pool, notices.by_webhook(hook, fetcher.post), now=make.IAT) == [True]
        assert _deliver(pool, notices.by_webhook(replace(hook, url=hook.url + "/x"), fetcher.post), now=make.IAT) == []
    ((headers, body),) = seen
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert account.encode() in body
    assert b'"unseen":1' in body
    for private in (CANARY, PARTNER, INDICATOR, "aldermoor", pool.circle):
        assert private.encode() not in body


@pytest.mark.parametrize("text", ["", "not base64!", "whsec_"])
def test_a_webhook_without_a_usable_secret_sends_nothing(pool: Pool, tmp_path: Path, text: str) -> None:
    _with_news(pool, Pace.AT_ONCE)
    secret = tmp_path / WEBHOOK_SECRET
    secret.touch(mode=0o600)
    secret.write_text(text)

    def never(*_: object) -> notices.Reply:
        raise AssertionError

    carrier = notices.by_webhook(WebhookSettings("https://hook.example", secret), never)
    assert _deliver(pool, carrier, now=make.IAT) == [False]
    secret.chmod(0o644)
    assert _deliver(pool, carrier, now=make.IAT) == [False]
