"""What a ccxt exception proves, with the classes that ccxt itself makes of the venue's answers."""

import json

import pytest

from deskbot.core.errors import Blocked, DeskError, Invalid, Transient
from deskbot.core.events import NOT_FOUND, REJECTED, UNKNOWN
from deskbot.venues.bybit.exchange import Bybit
from deskbot.venues.errors import (
    DUPLICATE_CLIENT_ID,
    cancel_outcome,
    ccxt_errors,
    describe,
    opening_error,
    place_outcome,
    says_closed,
)

_bybit = Bybit({})


def refused(code: int, message: str = "some words") -> Exception:
    """The exception ccxt raises for an answer with this code."""
    answer = {"retCode": code, "retMsg": message, "result": {}, "retExtInfo": {}, "time": 1700000000000}
    url = "https://api.bybit.com/v5/order/create"
    try:
        _bybit.handle_errors(200, "OK", url, "POST", {}, json.dumps(answer), answer, {}, "")
    except ccxt_errors.BaseError as error:
        refusal: Exception = error
        return refusal
    raise AssertionError(f"ccxt takes {code} for success")


def failed(status: int) -> Exception:
    """The exception ccxt raises for an HTTP status without a readable body."""
    try:
        _bybit.handle_http_status_code(status, "words", "https://api.bybit.com/v5/order/create", "POST", "<html>")
    except ccxt_errors.BaseError as error:
        refusal: Exception = error
        return refusal
    raise AssertionError(f"ccxt takes {status} for success")


PLACE = [
    # definite: the venue looked at the order and said no
    (refused(110007, "ab not enough for new order"), REJECTED),
    (refused(170131, "Insufficient balance."), REJECTED),
    (refused(110094, "Order does not meet minimum order value"), REJECTED),
    (refused(170136, "Order quantity exceeded lower limit."), REJECTED),
    (refused(170218, "The LIMIT-MAKER order is rejected"), REJECTED),
    (refused(10001, "params error"), REJECTED),
    (refused(10001, "Not supported symbols"), REJECTED),
    (refused(10003, "API key is invalid."), REJECTED),
    (refused(10005, "Permission denied"), REJECTED),
    (refused(10010, "Unmatched IP"), REJECTED),
    (refused(10002, "invalid request, please check your server timestamp"), REJECTED),
    (refused(10006, "Too many visits!"), REJECTED),
    (refused(110017, "reduce-only rule not satisfied"), REJECTED),
    (ccxt_errors.BadSymbol("bybit does not have market symbol FOO/BAR"), REJECTED),
    (ccxt_errors.ArgumentsRequired("bybit createOrder requires a price argument"), REJECTED),
    (ccxt_errors.MarketClosed("closed"), REJECTED),
    (ccxt_errors.OrderImmediatelyFillable("would take"), REJECTED),
    # the venue itself does not know
    (refused(10000, "Server Timeout"), UNKNOWN),
    (refused(10014, "Request is duplicate"), UNKNOWN),
    (refused(10016, "System error. Please try again later."), UNKNOWN),
    (refused(10016, "Request timeout, please try again later"), UNKNOWN),
    (refused(10019, "Service is restarting"), UNKNOWN),
    (refused(170007, "Timeout waiting for response from backend server."), UNKNOWN),
    (refused(170035, "Submitted to the system for processing!"), UNKNOWN),
    (refused(170146, "Order creation timeout"), UNKNOWN),
    (refused(170234, "System Error"), UNKNOWN),
    (refused(987654, "a code of tomorrow"), UNKNOWN),
    # the wire
    (ccxt_errors.RequestTimeout("bybit POST https://api.bybit.com/v5/order/create"), UNKNOWN),
    (ccxt_errors.ExchangeNotAvailable("bybit POST https://api.bybit.com/v5/order/create"), UNKNOWN),
    (ccxt_errors.OperationFailed("something"), UNKNOWN),
    (ccxt_errors.ExchangeError("something"), UNKNOWN),
    (ccxt_errors.BadResponse("something"), UNKNOWN),
    (ccxt_errors.OrderNotFound("something"), UNKNOWN),
    (failed(500), UNKNOWN),
    (failed(502), UNKNOWN),
    (failed(503), UNKNOWN),
    (failed(504), UNKNOWN),
    (failed(408), UNKNOWN),
    # too many requests is a refusal only in the venue's own words, not in a proxy's
    (failed(429), UNKNOWN),
    (failed(418), UNKNOWN),
    (ccxt_errors.InvalidNonce("no code"), UNKNOWN),
    # our own mistakes, or the library's
    (KeyError("orderId"), UNKNOWN),
    (ValueError("not a number"), UNKNOWN),
    (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), UNKNOWN),
]


@pytest.mark.parametrize(("error", "outcome"), PLACE, ids=[f"{type(e).__name__}-{str(e)[-60:]}" for e, _ in PLACE])
def test_only_the_allow_list_says_that_an_order_was_not_accepted(error: Exception, outcome: str) -> None:
    assert place_outcome(error)[0] == outcome


CLOSED = [
    refused(110042, "Pre-delivery status can only reduce positions"),
    refused(110066, "No trading is allowed at the current time"),
    refused(110074, "This contract is not live"),
    refused(170121, "Invalid symbol."),
    ccxt_errors.MarketClosed("binance Market is closed."),
    ccxt_errors.BadRequest('binanceusdm {"code":-4140,"msg":"Invalid symbol status for opening position."}'),
    ccxt_errors.OperationRejected('binanceusdm {"code":-4141,"msg":"Symbol is closed."}'),
]


@pytest.mark.parametrize("error", CLOSED, ids=str)
def test_a_market_that_is_closed_refuses_the_order_and_says_so(error: Exception) -> None:
    assert says_closed(error)
    assert place_outcome(error)[0] == REJECTED


@pytest.mark.parametrize("error", [one for one, _ in PLACE if not isinstance(one, ccxt_errors.MarketClosed)], ids=str)
def test_no_other_word_of_a_venue_says_that_a_market_is_closed(error: Exception) -> None:
    assert not says_closed(error)


@pytest.mark.parametrize("code", [110072, 170141])
def test_a_duplicate_client_id_is_unknown_because_the_first_order_may_live(code: int) -> None:
    assert isinstance(refused(code), ccxt_errors.InvalidOrder)
    assert place_outcome(refused(code)) == (UNKNOWN, DUPLICATE_CLIENT_ID)


@pytest.mark.parametrize("code", [110001, 170213, 110008, 110010, 170139, 170142, 170143, 170190])
def test_a_cancel_of_an_order_that_ended_says_not_found(code: int) -> None:
    assert cancel_outcome(refused(code))[0] == NOT_FOUND


@pytest.mark.parametrize("code", [170147, 170150, 170191, 10016, 987654])
def test_a_cancel_that_may_have_worked_is_unknown(code: int) -> None:
    assert cancel_outcome(refused(code))[0] == UNKNOWN


@pytest.mark.parametrize("code", [10001, 10003, 10005, 10006, 170130])
def test_a_cancel_that_was_refused_is_rejected(code: int) -> None:
    assert cancel_outcome(refused(code))[0] == REJECTED


OPENING: list[tuple[Exception, type[DeskError], str]] = [
    (refused(10003), Invalid, "CredentialsRefused"),
    (refused(10004), Invalid, "CredentialsRefused"),
    (refused(33004), Invalid, "CredentialsRefused"),
    (refused(10010), Invalid, "CredentialsRefused"),
    (failed(401), Invalid, "CredentialsRefused"),
    (refused(10005), Blocked, "AccountUnsuitable"),
    (refused(10008), Blocked, "AccountUnsuitable"),
    (refused(10028), Blocked, "AccountUnsuitable"),
    (refused(10002), Blocked, "ClockSkewed"),
    (refused(10016), Transient, "VenueUnreachable"),
    (failed(503), Transient, "VenueUnreachable"),
    (ccxt_errors.ExchangeNotAvailable("bybit GET https://api.bybit.com"), Transient, "VenueUnreachable"),
    (KeyError("list"), Transient, "VenueUnreachable"),
    (Blocked("AccountUnsuitable", "as it was"), Blocked, "AccountUnsuitable"),
]


@pytest.mark.parametrize(
    ("error", "kind", "reason"), OPENING, ids=[f"{type(e).__name__}-{str(e)[:40]}" for e, _, _ in OPENING]
)
def test_a_failure_at_start_becomes_one_error_of_the_desk(error: Exception, kind: type[DeskError], reason: str) -> None:
    made = opening_error(error, "the venue")
    assert (type(made), made.reason) == (kind, reason)
    assert "\n" not in made.message


def test_a_description_never_repeats_what_the_venue_echoes_of_a_key() -> None:
    error = refused(10004, "error sign! origin_string[1700000000000MY-API-KEY5000category=linear]")
    assert "MY-API-KEY" in str(error)
    assert "MY-API-KEY" not in describe(error)
    assert "MY-API-KEY" not in opening_error(error, "the venue").message


def test_a_description_is_one_short_line_with_the_venues_code() -> None:
    assert (
        describe(refused(110007, "ab not enough for new order"))
        == "InsufficientFunds: 110007 ab not enough for new order"
    )


def test_a_description_of_a_lost_request_names_the_address_without_its_query() -> None:
    lost = ccxt_errors.RequestTimeout("bybit GET https://api.bybit.com/v5/order/realtime?category=linear&limit=50")
    assert describe(lost) == "RequestTimeout: bybit GET https://api.bybit.com/v5/order/realtime"
