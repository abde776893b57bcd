"""The one translation of ccxt's exceptions: into outcomes of requests, and into the desk's own errors at start.

A ccxt class does not say whether an order is live: a lost reply, a 5xx and some plain refusals-by-name all arrive while
the venue holds the order. So only an allow-list of classes means REJECTED, and a table of venue codes takes back from
it what the venue says about orders that may live. Everything else, programming errors included, is UNKNOWN.

    REJECTED   InsufficientFunds, InvalidOrder, BadRequest (BadSymbol), ArgumentsRequired, AuthenticationError
               (PermissionDenied), OperationRejected's MarketClosed, RestrictedLocation, ManualInteractionNeeded;
               RateLimitExceeded, DDoSProtection and InvalidNonce only with a code of the venue's own;
               what was never sent (`pacing.NotSent`)
               and the codes `refused` and `market_closed` of the venue's table
    UNKNOWN    the codes `outcome_unknown` and `duplicate` whatever their class; every other exception
    NOT_FOUND  for cancels: OrderNotFound and the codes `already_ended`; the order ended or is not visible yet

The codes are in a table for each venue (`bybit/codes.py`, `binance/codes.py`); no two venues share a number.
"""

import re
from typing import Any, Final

from deskapi.conditions import Reason
from deskbot.core.errors import Blocked, DeskError, Invalid, Transient
from deskbot.core.events import NOT_FOUND, REJECTED, UNKNOWN
from deskbot.venues.binance.codes import BINANCE
from deskbot.venues.bybit.codes import BYBIT
from deskbot.venues.ccxt_import import load_errors
from deskbot.venues.pacing import NotSent

ccxt_errors: Final[Any] = load_errors()

DUPLICATE_CLIENT_ID: Final = "DuplicateClientId"

_CODES: Final = BYBIT | BINANCE

_DEFINITE: Final = (
    ccxt_errors.InsufficientFunds,
    ccxt_errors.InvalidOrder,
    ccxt_errors.BadRequest,
    ccxt_errors.ArgumentsRequired,
    ccxt_errors.AuthenticationError,
    ccxt_errors.MarketClosed,
    ccxt_errors.RestrictedLocation,
    ccxt_errors.ManualInteractionNeeded,
)
_DEFINITE_WITH_CODE: Final = (
    ccxt_errors.RateLimitExceeded,
    ccxt_errors.DDoSProtection,
    ccxt_errors.InvalidNonce,
)
_ASK_FIRST: Final = (ccxt_errors.OrderNotFound, ccxt_errors.DuplicateOrderId)

_CODE: Final = re.compile(r'"(?:ret_?[cC]ode|code)"\s*:\s*"?(-?\d+)')
_QUERY: Final = re.compile(r"\?\S*")
_MESSAGE: Final = re.compile(r'"(?:ret_?[mM]sg|msg)"\s*:\s*"([^"]*)"')


def venue_code(error: BaseException) -> str:
    """The venue's own number in the text of an exception, "" when there is none."""
    found = _CODE.search(str(error))
    return found.group(1) if found else ""


def names_of(error: BaseException) -> frozenset[str]:
    """What a table of codes may call an exception: by the venue's number, or by number and message."""
    code, found = venue_code(error), _MESSAGE.search(str(error))
    return frozenset({code, f"{code} {found.group(1).rstrip('.')}" if found else code}) - {""}


def describe(error: BaseException) -> str:
    """One short line about an exception, without what a venue echoes of keys and signatures."""
    code, name = venue_code(error), type(error).__name__
    if _CODES.wrong_key & names_of(error):
        return f"{name}: {code} the venue refuses the key or its signature"
    found = _MESSAGE.search(str(error))
    text = found.group(1) if found else _QUERY.sub("", str(error).split("{", 1)[0])
    return f"{name}: {code} {text}".strip()[:200] if code else f"{name}: {text}".rstrip(": ")[:200]


def place_outcome(error: Exception) -> tuple[str, str]:
    """(REJECTED or UNKNOWN, reason) of an order request that raised."""
    if isinstance(error, NotSent):
        return REJECTED, str(error)
    code = venue_code(error)
    if _CODES.duplicate & names_of(error) or isinstance(error, ccxt_errors.DuplicateOrderId):
        return UNKNOWN, DUPLICATE_CLIENT_ID
    if _CODES.outcome_unknown & names_of(error) or isinstance(error, _ASK_FIRST) or not _definite(error, code):
        return UNKNOWN, describe(error)
    return REJECTED, describe(error)


def says_closed(error: Exception) -> bool:
    """Whether an order was refused because nobody can trade on its market now."""
    return isinstance(error, ccxt_errors.MarketClosed) or bool(_CODES.market_closed & names_of(error))


def cancel_outcome(error: Exception) -> tuple[str, str]:
    """(NOT_FOUND, REJECTED or UNKNOWN, reason) of a cancel request that raised."""
    if isinstance(error, NotSent):
        return REJECTED, str(error)
    code = venue_code(error)
    if isinstance(error, ccxt_errors.OrderNotFound) or _CODES.already_ended & names_of(error):
        return NOT_FOUND, describe(error)
    if _CODES.outcome_unknown & names_of(error) or not _definite(error, code):
        return UNKNOWN, describe(error)
    return REJECTED, describe(error)


def _definite(error: Exception, code: str) -> bool:
    return (
        bool((_CODES.refused | _CODES.market_closed) & names_of(error))
        or isinstance(error, _DEFINITE)
        or (code != "" and isinstance(error, _DEFINITE_WITH_CODE))
    )


def opening_error(error: Exception, where: str) -> DeskError:
    """The desk's own error for a request that failed while a venue was being opened at `where`."""
    if isinstance(error, DeskError):
        return error
    text = describe(error)
    if _CODES.wrong_address & names_of(error):
        message = f"{where} refuses this address for the API key ({text}): check the key's IP list"
        return Invalid(Reason.CREDENTIALS_REFUSED, message)
    if _CODES.wrong_key & names_of(error):
        return Invalid(Reason.CREDENTIALS_REFUSED, f"{where} {_REFUSED_KEY} ({text})")
    for kind, make, reason, words in _OPENING:
        if isinstance(error, kind):
            return make(reason, f"{where} {words} ({text})")
    words = "does not answer" if isinstance(error, ccxt_errors.NetworkError) else "does not answer as it should"
    return Transient(Reason.VENUE_UNREACHABLE, f"{where} {words} ({text})")


_REFUSED_KEY: Final = "refuses the API key: check the Secret"

# In this order: PermissionDenied and AccountSuspended are AuthenticationErrors too.
_OPENING: Final[tuple[tuple[Any, type[DeskError], str, str], ...]] = (
    (
        ccxt_errors.InvalidNonce,
        Blocked,
        Reason.CLOCK_SKEWED,
        "refuses the time of our requests: set this machine's clock",
    ),
    (
        ccxt_errors.PermissionDenied,
        Blocked,
        Reason.ACCOUNT_UNSUITABLE,
        "does not allow the account or its key to trade",
    ),
    (ccxt_errors.AccountSuspended, Blocked, Reason.ACCOUNT_UNSUITABLE, "has suspended the account"),
    (ccxt_errors.AuthenticationError, Invalid, Reason.CREDENTIALS_REFUSED, _REFUSED_KEY),
)
