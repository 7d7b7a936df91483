"""What can go wrong, told apart by what to do about it. Codes are stable: ``docs/errors.md`` of the node lists all."""

import msgspec


class HanseClientError(Exception):
    """Everything that this package raises."""


class NodeUnreachableError(HanseClientError):
    """No answer came, also after the retries: no connection, no name, a certificate that is not trusted, too slow."""


class UnexpectedAnswerError(HanseClientError):
    """An answer that is none of a node's API: another server, a proxy's page, a file that is cut short."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A problem document after RFC 9457, as a node writes it."""

    code: str
    status: int
    title: str = ""
    detail: str = ""
    remedy: str = ""
    instance: str = ""


class RefusedError(HanseClientError):
    """The node understood the request and refused it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem

    @property
    def code(self) -> str:
        """What to act on; it never changes its meaning."""
        return self.problem.code

    def __str__(self) -> str:
        """The node's words, and what it says to do."""
        words = (f"{self.problem.title}:", self.problem.detail, self.problem.remedy, f"({self.problem.code})")
        return " ".join(filter(None, words))


class NotSignedInError(RefusedError):
    """The token is unknown, expired or revoked."""


class ForbiddenError(RefusedError):
    """The token does not carry the permission that this needs."""


class NotFoundError(RefusedError):
    """There is no such thing at this node."""


class InvalidError(RefusedError):
    """The question itself is wrong: an identifier, a filter, a cursor of another node."""


class TooManyRequestsError(RefusedError):
    """The rate limit was met again and again, also after waiting as the node asked."""


class NodeFailedError(RefusedError):
    """The node could not answer; its operator finds the reason by the identifier in the words."""


_BY_STATUS: dict[int, type[RefusedError]] = {
    400: InvalidError,
    401: NotSignedInError,
    403: ForbiddenError,
    404: NotFoundError,
    422: InvalidError,
    429: TooManyRequestsError,
}
_FIRST_SERVER_ERROR = 500


def refused(problem: Problem) -> RefusedError:
    """The error of a problem."""
    kind = NodeFailedError if problem.status >= _FIRST_SERVER_ERROR else _BY_STATUS.get(problem.status, RefusedError)
    return kind(problem)
