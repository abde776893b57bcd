"""Every refusal of the dialect, with Bybit's own number and wording.

Spot and linear have code families of their own for the same fault (170xxx against 110xxx and 10001), so a rule
names both and the category of the request chooses. Numbers: Bybit v5 "Error Codes"; wordings: as the venue answers.
"""

from __future__ import annotations

from dataclasses import dataclass

SPOT = "spot"


class Refusal(Exception):
    """A request the venue answers with a non-zero `retCode`."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Rule:
    """One fault, as each category words it."""

    linear: tuple[int, str]
    spot: tuple[int, str]

    def refusal(self, category: str, **values: str) -> Refusal:
        code, message = self.spot if category == SPOT else self.linear
        return Refusal(code, message.format(**values))


def both(code: int, message: str) -> Rule:
    return Rule((code, message), (code, message))


UNKNOWN_SYMBOL = Rule((10001, "params error: symbol invalid {symbol}"), (170121, "Invalid symbol."))
INVALID_SIDE = Rule((10001, "Side invalid"), (170117, "Invalid side."))
INVALID_ORDER_TYPE = Rule((10001, "OrderType invalid"), (170116, "Invalid orderType."))
INVALID_TIME_IN_FORCE = Rule((10001, "TimeInForce invalid"), (170115, "Invalid timeInForce."))
INVALID_ORDER_FILTER = Rule((10001, "OrderFilter invalid"), (170202, "Invalid orderFilter parameter."))
INVALID_LINK_ID = Rule(
    (10001, "OrderLinkedID invalid"), (170130, "Data sent for parameter 'orderLinkId' is not valid.")
)
MISSING = Rule((10001, "params error: {name} is required"), (170105, "Parameter '{name}' was empty."))
NOT_A_NUMBER = Rule((10001, "params error: {name} invalid"), (170130, "Data sent for parameter '{name}' is not valid."))
QUANTITY_OFF_STEP = Rule((10001, "Qty invalid"), (170137, "Order quantity has too many decimals."))
QUANTITY_TOO_SMALL = Rule(
    (10001, "The number of contracts exceeds minimum limit allowed"), (170136, "Order quantity exceeded lower limit.")
)
QUANTITY_TOO_LARGE = Rule(
    (10001, "The number of contracts exceeds maximum limit allowed: too large"),
    (170135, "Order quantity exceeded upper limit."),
)
PRICE_OFF_TICK = Rule((10001, "Price invalid"), (170134, "Order price has too many decimals."))
PRICE_TOO_HIGH = Rule(
    (110003, "Order price is out of permissible range"), (170132, "Order price exceeded upper limit.")
)
PRICE_TOO_LOW = Rule((110003, "Order price is out of permissible range"), (170133, "Order price exceeded lower limit."))
VALUE_TOO_SMALL = Rule(
    (110094, "Order does not meet minimum order value {minimum}{coin}"), (170140, "Order value exceeded lower limit.")
)
INSUFFICIENT_FUNDS = Rule((110007, "ab not enough for new order"), (170131, "Insufficient balance."))
DUPLICATE_LINK_ID = Rule((110072, "OrderLinkedID is duplicate"), (170141, "Duplicate clientOrderId."))
ORDER_NOT_FOUND = Rule((110001, "order not exists or too late to {verb}"), (170213, "Order does not exist."))
NOTHING_TO_REDUCE = both(110017, "current position is zero, cannot fix reduce-only order qty")
TOO_MANY_ORDERS = Rule((110020, "Cannot have more than 500 active orders."), (170005, "Too many new orders."))
TOO_MANY_TRIGGER_ORDERS = Rule(
    (110009, "The number of stop orders exceeds the maximum allowable limit."),
    (170005, "Too many new orders; current limit is 30 orders."),
)
TRIGGER_NOT_ABOVE = Rule(
    (110092, "expect Rising, but trigger_price[{trigger}] <= current[{last}]"),
    (170130, "Data sent for parameter 'triggerPrice' is not valid."),
)
TRIGGER_NOT_BELOW = Rule(
    (110093, "expect Falling, but trigger_price[{trigger}] >= current[{last}]"),
    (170130, "Data sent for parameter 'triggerPrice' is not valid."),
)
AMEND_BELOW_FILLED = Rule(
    (110064, "The number of contracts modified cannot be less than or equal to the filled quantity"),
    (170130, "Data sent for parameter 'qty' is not valid."),
)
NO_LIQUIDITY = Rule((110003, "Order price is out of permissible range"), (170143, "Cannot be found on order book"))
POSITION_MODE_MISMATCH = both(10001, "position idx not match position mode")
ORDER_NOT_MODIFIED = both(10001, "order not modified")
NOT_SUPPORTED_SYMBOLS = both(10001, "Not supported symbols")
NO_SCOPE = both(10001, "Illegal category, symbol, baseCoin or settleCoin is required")
ILLEGAL_CATEGORY = both(10001, "Illegal category")
INVALID_PARAMETER = both(10001, "params error: {name} invalid")
INVALID_CURSOR = both(10001, "params error: cursor invalid")


def expired(request_ms: int, server_ms: int, window_ms: int) -> Refusal:
    return Refusal(
        10002,
        "invalid request, please check your server timestamp or recv_window param. "
        f"req_timestamp[{request_ms}],server_timestamp[{server_ms}],recv_window[{window_ms}]",
    )


def invalid_key() -> Refusal:
    return Refusal(10003, "API key is invalid.")


def invalid_signature(signed: str) -> Refusal:
    return Refusal(10004, f"error sign! origin_string[{signed}]")


def permission_denied() -> Refusal:
    return Refusal(10005, "Permission denied, please check your API key permissions.")


def too_many_visits() -> Refusal:
    return Refusal(10006, "Too many visits. Exceeded the API Rate Limit.")


def unmatched_address() -> Refusal:
    return Refusal(10010, "Unmatched IP, please check your API key's bound IP addresses.")


def banned_address() -> Refusal:
    return Refusal(10018, "Exceeded the IP Rate Limit.")


def unknown_route() -> Refusal:
    return Refusal(10017, "Route not found.")
