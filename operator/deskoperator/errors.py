"""What can go wrong in the operator, as one tree.

DeskOperatorError
├── CannotStart            the process ends with this one line
├── CannotKill             no kill Job can be made
└── ApiError               an answer of the API server, or none
    ├── Absent             404: the object, or its kind, is not there
    ├── Conflict           409: somebody else wrote first; look again
    ├── Refused            400, 403, 405, 413, 422: asking again with the same words is useless
    │   └── Terminating    403: the namespace is being deleted, nothing can be made in it any more
    └── Transient          429, 5xx, no answer: asking again later may help
"""


class DeskOperatorError(Exception):
    """Root of all errors of the operator."""


class CannotStart(DeskOperatorError):
    """The operator cannot begin its work; the text is one line for people."""


class CannotKill(DeskOperatorError):
    """A kill Job cannot be made; the text says in one line what is missing."""


class ApiError(DeskOperatorError):
    """The API server did not do what it was asked; the text is in its own words. `status` 0: no answer."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Absent(ApiError):
    """There is no such object."""


class Conflict(ApiError):
    """The object is no longer the one that was read."""


class Refused(ApiError):
    """The request itself is not acceptable."""


class Terminating(Refused):
    """The namespace is being deleted."""


class Transient(ApiError):
    """The request may be repeated."""


def api_error(status: int, message: str) -> ApiError:
    """The most specific error of an HTTP status."""
    by_status: dict[int, type[ApiError]] = {
        400: Refused,
        403: Refused,
        404: Absent,
        405: Refused,
        409: Conflict,
        413: Refused,
        422: Refused,
    }
    return by_status.get(status, Transient)(status, message)
