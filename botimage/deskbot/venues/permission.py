"""Whether a request that is signed may still leave: asked after its timestamp was taken, whatever held it up since.

    Requests ── only_while(why_not) ──▶ place ──▶ ccxt: throttle, sign (the timestamp) ──▶ Paced.fetch: refusal()?

An order that passes late carries its old timestamp, and the venue refuses it. It is a variable of the task, so that
neither ccxt nor an adapter has to hand it through.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

WhyNot = Callable[[], str]
_why_not: ContextVar[WhyNot | None] = ContextVar("why_not", default=None)


@contextmanager
def only_while(why_not: WhyNot) -> Iterator[None]:
    """Requests within leave only while this says ""."""
    token = _why_not.set(why_not)
    try:
        yield
    finally:
        _why_not.reset(token)


def refusal() -> str:
    """Why the request of this task must not leave; "" when it may."""
    why_not = _why_not.get()
    return why_not() if why_not is not None else ""
