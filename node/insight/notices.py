"""Notices outside the pages: that there is something to read, and never what.

Mail lies in mailboxes for years and passes through other people's machines; whom an institution watches, and what its
circles say of them, is to be read at the node by somebody who has signed in. So a notice holds a number and an address.

Each person's pace is kept by comparing what is unseen with when they were last told. Who is told is marked after the
mail server or the webhook has taken the notice: a crash between the two repeats a notice and loses none, and so may two
processes that are at the same person in the same moment.
"""

import hmac
import smtplib
import ssl
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path
from typing import Final, Protocol

import msgspec

from node.domain.identifiers import new_id
from node.domain.settings import MailSettings, WebhookSettings
from node.domain.watch import Delivery, Pace
from node.errors import Code, HanseError
from node.storage import secret_files
from node.storage import watch as storage
from node.storage.database import Database
from node.storage.vault import Vault
from protocol.errors import Fault
from protocol.statements import Timestamp

MAIL_SECONDS: Final = 20
"""For the whole of one step with the mail server, in seconds."""
DAY_SECONDS: Final = 86_400
PAUSE_SECONDS: Final = 900
"""Between two notices to one person at the pace ``at-once``: what comes in one quarter of an hour is one notice."""
MAX_ANSWER_BYTES: Final = 4_096
"""Read of a webhook's answer, of which only the status counts."""
_SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - how Standard Webhooks marks a secret
_OK: Final = range(200, 300)


class Reply(Protocol):
    """An answer to a POST."""

    @property
    def status(self) -> int:
        """The HTTP status code."""
        ...


Post = Callable[[str, dict[str, str], bytes, int], Reply]
"""How a webhook is reached (:meth:`node.sync.fetch.Fetcher.post`): by the rules of every way out."""


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What leaves: for whom, how many, and where to read them."""

    account: str
    address: str
    unseen: int
    url: str


class Carrier(Protocol):
    """Takes a notice to somebody; raises ``NOTICE_FAILED`` where it does not arrive."""

    def __call__(self, notice: Notice, now: Timestamp) -> None:
        """Take it there."""
        ...


def deliver(database: Database, vault: Vault, base_url: str, carriers: list[Carrier], now: Timestamp) -> Iterator[bool]:
    """Tell everybody who is due; for each, whether the notice went out. No transaction is open while it does."""
    with database.read() as tx:
        due = [
            (wanted, unseen)
            for wanted in storage.deliveries(tx, vault)
            if _is_due(wanted, now) and (unseen := storage.count_unseen(tx, wanted.account, after=wanted.told))
        ]
    for wanted, unseen in due if carriers else ():
        with database.read() as tx:
            # Somebody else's round may have told them while ours was telling the others.
            if storage.delivery(tx, vault, wanted.account) != wanted:
                continue
        notice = Notice(account=wanted.account, address=wanted.address, unseen=unseen, url=f"{base_url}/watch")
        try:
            for carry in carriers:
                carry(notice, now)
        except HanseError:
            yield False
            continue
        with database.write() as tx:
            storage.mark_told(tx, wanted.account, now)
        yield True


def by_mail(settings: MailSettings, institution: str, *, trusting: ssl.SSLContext | None = None) -> Carrier:
    """A carrier through the institution's mail server (RFC 5321, with TLS by RFC 3207 or RFC 8314).

    ``trusting`` replaces the authorities that the system trusts (tests).
    """

    def carry(notice: Notice, now: Timestamp) -> None:
        message = _message(settings, institution, notice, now)
        try:
            with _connected(settings, trusting or ssl.create_default_context()) as server:
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise _failed(f"the mail server {settings.host} did not take a notice ({type(error).__name__})") from error

    return carry


def by_webhook(settings: WebhookSettings, post: Post) -> Carrier:
    """A carrier to a service of the institution, signed as Standard Webhooks 1.0 says (HMAC-SHA256, ``v1``)."""

    def carry(notice: Notice, now: Timestamp) -> None:
        data = {"account": notice.account, "unseen": notice.unseen, "url": notice.url}
        body = msgspec.json.encode({"type": "watch.unseen", "timestamp": now, "data": data})
        name = f"msg_{new_id()}"
        signature = hmac.digest(_webhook_key(settings.secret), f"{name}.{now}.".encode() + body, "sha256")
        headers = {
            "Content-Type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": str(now),
            "webhook-signature": "v1," + b64encode(signature).decode("ascii"),
        }
        try:
            reply = post(settings.url, headers, body, MAX_ANSWER_BYTES)
        except HanseError as error:
            raise _failed(f"the webhook did not take a notice ({error.code})") from error
        if reply.status not in _OK:
            raise _failed(f"the webhook did not take a notice ({reply.status})")

    return carry


def _is_due(wanted: Delivery, now: Timestamp) -> bool:
    match wanted.pace:
        case Pace.NEVER:
            return False
        case Pace.AT_ONCE:
            return now - wanted.told >= PAUSE_SECONDS
        case Pace.DAILY:
            return now - wanted.told >= DAY_SECONDS


def _message(settings: MailSettings, institution: str, notice: Notice, now: Timestamp) -> EmailMessage:
    what = "There is something new" if notice.unseen == 1 else f"There are {notice.unseen} new things"
    message = EmailMessage()
    message["From"] = settings.sender
    message["To"] = notice.address
    message["Subject"] = "Hanse: something new about partners you watch"
    message["Date"] = formatdate(now)
    message["Message-ID"] = make_msgid(domain=settings.sender.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no automatic answers, please
    message.set_content(
        f"{what} about partners that you watch at the node of {institution}.\n\n"
        f"Sign in to read it: {notice.url}\n\n"
        "What it is, and about whom, is not in this message. How often you are told is set on the same page.\n"
    )
    return message


def _connected(settings: MailSettings, context: ssl.SSLContext) -> smtplib.SMTP:
    """Signed in, and protected as the settings say."""
    if settings.tls == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(settings.host, settings.port, timeout=MAIL_SECONDS, context=context)
    else:
        server = smtplib.SMTP(settings.host, settings.port, timeout=MAIL_SECONDS)
    try:
        if settings.tls == "starttls":
            server.starttls(context=context)
        if settings.user:
            server.login(settings.user, _read(settings.secret))
    except (OSError, smtplib.SMTPException):
        server.close()
        raise
    return server


def _webhook_key(path: Path) -> bytes:
    text = _read(path)
    try:
        key = b64decode(text.removeprefix(_SECRET_PREFIX), validate=True)
    except BadBase64 as error:
        raise _bad_secret(path) from error
    if not key:
        raise _bad_secret(path)
    return key


def _read(path: Path) -> str:
    secret = secret_files.read(path)
    if secret is None:
        raise _bad_secret(path)
    return secret


def _bad_secret(path: Path) -> HanseError:
    return HanseError(
        Code.BAD_KEY_FILE, f"{path} cannot be used.", remedy="Write the secret that the other side expects into it."
    )


def _failed(words: str) -> HanseError:
    return HanseError(
        Code.NOTICE_FAILED, f"{words}.", remedy="Nothing: it is tried again. Check the settings.", fault=Fault.OPERATOR
    )
