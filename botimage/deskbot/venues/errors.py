"""The one translation of ccxt's exceptions: into outcomes of requests, and into the desk's own errors at start.

A ccxt class does not say whether an order is live: a lost reply, a 5xx and some plain refusals-by-name all arrive while
the venue holds the order. So only an allow-list of classes means REJECTED, and a table of venue codes takes back from
it what the venue says about orders that may live. Everything else, programming errors included, is UNKNOWN.

    REJECTED   InsufficientFunds, InvalidOrder, BadRequest (BadSymbol), ArgumentsRequired, AuthenticationError
               (PermissionDenied), OperationRejected's MarketClosed, RestrictedLocation, ManualInteractionNeeded;
               RateLimitExceeded, DDoSProtection and InvalidNonce only with a code of the venue's own;
               what was never sent (`pacing.NotSent`)
    UNKNOWN    the codes of `_OUTCOME_UNKNOWN` and `_DUPLICATE` whatever their class; every other exception
    NOT_FOUND  for cancels: OrderNotFound and the codes of `_ALREADY_ENDED`; the order ended or is not visible yet
"""

import re
from typing import Any, Final

from deskapi.conditions import Reason
from deskbot.core.errors import Blocked, DeskError, Invalid, Transient
from deskbot.core.events import NOT_FOUND, REJECTED, UNKNOWN
from deskbot.venues.ccxt_import import load_errors
from deskbot.venues.pacing import NotSent

ccxt_errors: Final[Any] = load_errors()

DUPLICATE_CLIENT_ID: Final = "DuplicateClientId"

# Bybit v5 "Error Codes"; the class in brackets is what ccxt makes of the code.
_DUPLICATE: Final = {
    "110072",  # OrderLinkedID is duplicate [InvalidOrder]: the first order of that id is live or was
    "170141",  # Duplicate clientOrderId [InvalidOrder]
    "-4116",  # Binance USD-M: ClientOrderId is duplicated [InvalidOrder]
}
# Binance spot has one code for every refusal of a new order; this text among them says that the first one is open.
_DUPLICATE_TEXT: Final = "Duplicate order sent"
_OUTCOME_UNKNOWN: Final = {
    "5004",  # Server Timeout [ExchangeError]
    "10000",  # Server Timeout [ExchangeError]
    "10014",  # Request is duplicate [BadRequest]: the first of the two may have been taken
    "10016",  # System error [ExchangeError]
    "10019",  # Service is restarting [ExchangeError]
    "110079",  # The order is processing and can not be operated, please try again later [ExchangeError]
    "170001",  # Internal error [ExchangeError]
    "170007",  # Timeout waiting for response from backend server [RequestTimeout]
    "170032",  # Network error [ExchangeError]
    "170035",  # Submitted to the system for processing [BadRequest]
    "170146",  # Order creation timeout [InvalidOrder]
    "170147",  # Order cancellation timeout [InvalidOrder]
    "170149",  # Create order failed [ExchangeError]
    "170150",  # Cancel order failed [ExchangeError]
    "170191",  # Can not cancel order, please try again later [InvalidOrder]
    "170234",  # System Error [ExchangeError]
    # Binance
    "-1000",  # An unknown error occurred while processing the request [OperationFailed]
    "-1001",  # Internal error; unable to process your request [OperationFailed]
    "-1006",  # An unexpected response was received from the message bus, execution status unknown [OperationFailed]
    "-1007",  # Timeout waiting for response from backend server, execution status unknown [RequestTimeout]
    "-1008",  # Server is currently overloaded [OperationFailed]
    "-1016",  # This service is no longer available: shutting down [BadRequest]
}
_ALREADY_ENDED: Final = {
    "110008",  # Order has been finished or canceled [InvalidOrder]
    "110010",  # Order already cancelled [InvalidOrder]
    "170139",  # Order has been filled [InvalidOrder]
    "170142",  # Order has been canceled [InvalidOrder]
    "170143",  # Cannot be found on order book [InvalidOrder]
    "170190",  # Cancel order has been finished [InvalidOrder]
}
_ORDER_OF_ANOTHER_FILTER: Final = {"170145"}  # This order type does not support cancellation [InvalidOrder]

_WRONG_KEY: Final = {"10003", "10004", "10007", "33004"}  # unknown key, wrong sign, key missing, key expired
_WRONG_ADDRESS: Final = {"10009", "10010"}  # address banned, address not on the key's list

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


def describe(error: BaseException) -> str:
    """One short line about an exception, without what a venue echoes of keys and signatures."""
    code, name = venue_code(error), type(error).__name__
    if code in _WRONG_KEY:
        return f"{name}: {code} the venue refuses the key or its signature"
    found = _MESSAGE.search(str(error))
    text = found.group(1) if found else _QUERY.sub("", str(error).split("{", 1)[0])
    return f"{name}: {code} {text}".strip()[:200] if code else f"{name}: {text}".rstrip(": ")[:200]


def place_outcome(error: Exception) -> tuple[str, str]:
    """(REJECTED or UNKNOWN, reason) of an order request that raised."""
    if isinstance(error, NotSent):
        return REJECTED, str(error)
    code = venue_code(error)
    if code in _DUPLICATE or _DUPLICATE_TEXT in str(error) or isinstance(error, ccxt_errors.DuplicateOrderId):
        return UNKNOWN, DUPLICATE_CLIENT_ID
    if code in _OUTCOME_UNKNOWN or isinstance(error, _ASK_FIRST) or not _definite(error, code):
        return UNKNOWN, describe(error)
    return REJECTED, describe(error)


def cancel_outcome(error: Exception) -> tuple[str, str]:
    """(NOT_FOUND, REJECTED or UNKNOWN, reason) of a cancel request that raised."""
    if isinstance(error, NotSent):
        return REJECTED, str(error)
    code = venue_code(error)
    if isinstance(error, ccxt_errors.OrderNotFound) or code in _ALREADY_ENDED | _ORDER_OF_ANOTHER_FILTER:
        return NOT_FOUND, describe(error)
    if code in _OUTCOME_UNKNOWN or not _definite(error, code):
        return UNKNOWN, describe(error)
    return REJECTED, describe(error)


def _definite(error: Exception, code: str) -> bool:
    return isinstance(error, _DEFINITE) or (code != "" and isinstance(error, _DEFINITE_WITH_CODE))


def opening_error(error: Exception, where: str) -> DeskError:
    """The desk's own error for a request that failed while a venue was being opened at `where`."""
    if isinstance(error, DeskError):
        return error
    code, text = venue_code(error), describe(error)
    if code in _WRONG_ADDRESS:
        message = f"{where} refuses this address for the API key ({text}): check the key's IP list"
        return Invalid(Reason.CREDENTIALS_REFUSED, message)
    for kind, make, reason, words in _OPENING:
        if isinstance(error, kind):
            return make(reason, f"{where} {words} ({text})")
    words = "does not answer" if isinstance(error, ccxt_errors.NetworkError) else "does not answer as it should"
    return Transient(Reason.VENUE_UNREACHABLE, f"{where} {words} ({text})")


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
    (ccxt_errors.AuthenticationError, Invalid, Reason.CREDENTIALS_REFUSED, "refuses the API key: check the Secret"),
)
