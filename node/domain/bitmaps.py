"""Sets of places in the feed as bitmaps, block by block, and ranges of days over them.

The feed is cut into blocks of :data:`BLOCK` places. Which places of one block have a term is one integer, whose bit n
stands for the n-th place: sets are intersected and united by ``&`` and ``|``, a few hundred nanoseconds for 4,096
places, which is why a query over a million statements reads all of its terms and is done.

Days are kept bit-sliced (O'Neil and Quass, *Improved query performance with variant indexes*, SIGMOD 1997): one bitmap
for each binary digit of the number of the day, so that a comparison with any day is sixteen operations on bitmaps.
"""

import struct
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

BLOCK: Final = 4_096
"""Places in one block: a bitmap of 512 bytes, which is one small row."""
_BYTES: Final = BLOCK // 8
_MAX_LISTED: Final = _BYTES // 2 - 1
"""Up to so many places are listed, two bytes each; more are a bitmap. The length tells the two apart."""
FULL: Final = (1 << BLOCK) - 1
DIGITS: Final = 16
"""Binary digits of a day: 65,536 days from :data:`_FIRST_DAY` on, which end in 2079. Days beyond either end count as
the end; whoever asks compares what was found once more."""
_FIRST_DAY: Final = date(1900, 1, 1).toordinal()
DAYS_BYTES: Final = _BYTES * DIGITS
"""Of the days of one block, which is how they are told from a set of its places."""


def pack(bits: int) -> bytes:
    """A set of places of one block as it is stored."""
    if bits.bit_count() <= _MAX_LISTED:
        return struct.pack(f"<{bits.bit_count()}H", *places(bits))
    return bits.to_bytes(_BYTES, "little")


def unpack(data: bytes) -> int:
    """Undo :func:`pack`."""
    if len(data) == _BYTES:
        return int.from_bytes(data, "little")
    bits = bytearray(_BYTES)
    for (place,) in struct.iter_unpack("<H", data):
        bits[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(bits, "little")


def places(bits: int) -> Iterator[int]:
    """The places in a set, ascending."""
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest


def above(place: int) -> int:
    """Every place of a block from this one on."""
    return FULL & ~((1 << place) - 1)


def pack_days(days: int) -> bytes:
    """The sliced days of one block, as one integer of :data:`DIGITS` bitmaps, as they are stored."""
    return days.to_bytes(DAYS_BYTES, "little")


def unpack_days(data: bytes) -> int:
    """Undo :func:`pack_days`; what was never stored is all zero."""
    return int.from_bytes(data, "little")


def with_days(sliced: int, days: Mapping[int, date]) -> int:
    """Set the day of some places."""
    slices = _slices(sliced)
    for place, day in days.items():
        bit, number = 1 << place, _number(day)
        for digit in range(DIGITS):
            slices[digit] = slices[digit] | bit if number >> digit & 1 else slices[digit] & ~bit
    return sum(each << BLOCK * digit for digit, each in enumerate(slices))


def from_day(sliced: int, day: date) -> int:
    """The places whose day is this one or a later one."""
    return _compared(sliced, day, greater=True)


def until_day(sliced: int, day: date) -> int:
    """The places whose day is this one or an earlier one."""
    return _compared(sliced, day, greater=False)


def _compared(sliced: int, day: date, *, greater: bool) -> int:
    beyond, equal, number = 0, FULL, _number(day)
    slices = _slices(sliced)
    for digit in reversed(range(DIGITS)):
        ones = slices[digit]
        if number >> digit & 1:
            beyond |= 0 if greater else equal & ~ones
            equal &= ones
        else:
            beyond |= equal & ones if greater else 0
            equal &= ~ones
    return beyond | equal


def _slices(sliced: int) -> list[int]:
    return [sliced >> BLOCK * digit & FULL for digit in range(DIGITS)]


def _number(day: date) -> int:
    return max(0, min(day.toordinal() - _FIRST_DAY, (1 << DIGITS) - 1))
