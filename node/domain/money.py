"""Amounts of money: whole minor units and a currency, so that no sum is rounded on its way through the node."""

import re
from dataclasses import dataclass
from typing import Final

from node.errors import Code, HanseError

MAX_MINOR_UNITS: Final = 10**15
"""Ten thousand thousand million of the main unit, where it has two decimals: larger than any university's budget, and
within what a signed 64-bit column and a JSON number hold exactly."""

_TWO: Final = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP "
    "CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES "
    "KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK "
    "NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB "
    "TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW"
)
_NONE: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE: Final = "BHD IQD JOD KWD LYD OMR TND"
CURRENCIES: Final[dict[str, int]] = (
    dict.fromkeys(_TWO.split(), 2) | dict.fromkeys(_NONE.split(), 0) | dict.fromkeys(_THREE.split(), 3)
)
"""Current codes of ISO 4217 for money that is paid in, with the decimals of each."""

_AMOUNT: Final = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,3}))?")
_GAPS: Final = re.compile(r"(?<=[0-9])[ \u00a0\u202f'\u2019](?=[0-9]{3}(?:[^0-9]|$))")


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount, not negative."""

    minor: int
    """In the smallest unit of the currency: cents, pence; the whole unit where a currency has no smaller one."""
    currency: str
    """ISO 4217, three capital letters."""


def parse_money(amount: str, currency: str) -> Money:
    """What somebody typed: digits, with a point before the decimals and blanks or apostrophes between thousands.

    A comma is refused, since it parts thousands in one country and decimals in another. Raises ``INVALID``.
    """
    code = currency.strip().upper()
    decimals = CURRENCIES.get(code)
    if decimals is None:
        raise HanseError(Code.INVALID, "the currency is a code of three letters, such as EUR.")
    found = _AMOUNT.fullmatch(_GAPS.sub("", amount.strip()))
    if found is None:
        raise HanseError(Code.INVALID, "the amount is digits, with a point before the decimals, such as 125000.50.")
    whole, fraction = found[1], found[2] or ""
    if len(fraction) > decimals:
        raise HanseError(Code.INVALID, f"an amount in {code} has at most {decimals} decimals.")
    minor = int(whole + fraction.ljust(decimals, "0"))
    if minor > MAX_MINOR_UNITS:
        raise HanseError(Code.INVALID, "the amount is too large to be meant.")
    return Money(minor=minor, currency=code)


def typed_amount(money: Money) -> str:
    """The amount as :func:`parse_money` reads it, without its currency."""
    decimals = CURRENCIES[money.currency]
    digits = str(money.minor).rjust(decimals + 1, "0")
    return f"{digits[:-decimals]}.{digits[-decimals:]}" if decimals else digits


def spelled(money: Money) -> str:
    """For a person to read: narrow gaps between thousands, decimals only where there are any, then the currency."""
    whole, _, fraction = typed_amount(money).partition(".")
    gapped = f"{int(whole):,}".replace(",", "\u202f")
    return f"{gapped}{'.' + fraction if int(fraction or 0) else ''}\u00a0{money.currency}"
