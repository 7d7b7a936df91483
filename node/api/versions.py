"""Which version of the API an answer is of, and who asks for one that is not spoken here.

The path names the version (``/api/v1``), and so may a request: ``Accept: application/json;version=1``. Whoever asks
for another version and takes no other answer hears so at once, instead of reading one that means something else.
"""

from typing import Final

from fastapi import Request

from node.errors import Code, HanseError

VERSION: Final = "1"
MAX_ACCEPT_CHARACTERS: Final = 1_000
"""An ``Accept`` header of a browser has about two hundred."""


def require_known_version(request: Request) -> None:
    """Raise ``NOT_ACCEPTABLE`` where every answer that would be taken is of a version that is not spoken here."""
    text = ",".join(request.headers.getlist("accept"))[:MAX_ACCEPT_CHARACTERS]
    asked = [_version(each) for each in text.split(",") if each.strip()]
    if asked and all(version not in {None, VERSION} for version in asked):
        raise HanseError(
            Code.NOT_ACCEPTABLE,
            "the request takes only versions of the answer that this node does not speak.",
            remedy=f"Ask for version={VERSION}, or leave the version out.",
        )


def _version(media_range: str) -> str | None:
    """The version that a media range names (RFC 9110, section 12.5.1), if it names one."""
    for parameter in media_range.split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "version":
            return value.strip().strip('"')
    return None
