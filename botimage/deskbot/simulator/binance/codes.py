"""Every refusal of the dialect, with Binance's own number and wording.

Numbers and texts: Binance spot "Error Codes" and "Filters", USD-M futures "Error Code". The two share the -1xxx and
-2xxx families; where they part (the futures' -4xxx, the spot's "Filter failure"), a rule names both.
"""

from __future__ import annotations

from dataclasses import dataclass

from deskbot.matching import Category

BAD_REQUEST = 400
UNAUTHORIZED = 401


class Refusal(Exception):
    """A request the venue answers with an error."""

    def __init__(self, code: int, message: str, status: int = BAD_REQUEST, data: object = None) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.status = status
        self.data = data

    def payload(self) -> dict[str, object]:
        """The answer's body."""
        shape: dict[str, object] = {"code": self.code, "msg": self.message}
        return shape if self.data is None else shape | {"data": self.data}


@dataclass(frozen=True, slots=True)
class Rule:
    """One fault, as each side of the venue words it."""

    spot: tuple[int, str]
    linear: tuple[int, str]

    def refusal(self, category: Category, **values: str) -> Refusal:
        code, message = self.spot if category is Category.SPOT else self.linear
        return Refusal(code, message.format(**values))


def both(code: int, message: str) -> Rule:
    return Rule((code, message), (code, message))


MANDATORY = both(-1102, "Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
EMPTY = both(-1105, "Parameter '{name}' was empty.")
NO_IDENTITY = both(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
NO_QUANTITY = both(-1102, "Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!")
ILLEGAL = both(-1100, "Illegal characters found in parameter '{name}'; legal range is '{legal}'.")
NOT_REQUIRED = both(-1106, "Parameter '{name}' sent when not required.")
TOO_PRECISE = Rule(
    (-1111, "Parameter '{name}' has too much precision."),
    (-1111, "Precision is over the maximum defined for this asset."),
)
INVALID_TIME_IN_FORCE = both(-1115, "Invalid timeInForce.")
INVALID_TYPE = both(-1116, "Invalid orderType.")
INVALID_SIDE = both(-1117, "Invalid side.")
INVALID_INTERVAL = both(-1120, "Invalid interval.")
INVALID_SYMBOL = both(-1121, "Invalid symbol.")
INVALID_LISTEN_KEY = both(-1125, "This listenKey does not exist.")
WINDOW_TOO_WIDE = Rule(
    (-1127, "More than 24 hours between startTime and endTime."),
    (-4165, "Invalid time interval. Maximum time interval is 7 days."),
)
BAD_COMBINATION = both(-1128, "Combination of optional parameters invalid.")
INVALID_DEPTH = both(-4021, "'{limit}' is not valid depth limit.")
INVALID_PARAMETER = both(-1130, "Data sent for parameter '{name}' is not valid.")
PRICE_NOT_POSITIVE = Rule((-1013, "Filter failure: PRICE_FILTER"), (-4001, "Price less than 0."))
PRICE_OFF_TICK = Rule((-1013, "Filter failure: PRICE_FILTER"), (-4014, "Price not increased by tick size."))
STOP_PRICE_OFF_TICK = Rule((-1013, "Filter failure: PRICE_FILTER"), (-4014, "Price not increased by tick size."))
PRICE_TOO_HIGH = Rule(
    (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"), (-4016, "Limit price can't be higher than {limit}.")
)
PRICE_TOO_LOW = Rule(
    (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE"), (-4024, "Limit price can't be lower than {limit}.")
)
QUANTITY_NOT_POSITIVE = Rule((-1013, "Filter failure: LOT_SIZE"), (-4003, "Quantity less than or equal to zero."))
QUANTITY_TOO_SMALL = Rule((-1013, "Filter failure: LOT_SIZE"), (-4004, "Quantity less than min quantity."))
QUANTITY_TOO_LARGE = Rule((-1013, "Filter failure: LOT_SIZE"), (-4005, "Quantity greater than max quantity."))
MARKET_QUANTITY_TOO_LARGE = Rule(
    (-1013, "Filter failure: MARKET_LOT_SIZE"), (-4005, "Quantity greater than max quantity.")
)
QUANTITY_OFF_STEP = Rule((-1013, "Filter failure: LOT_SIZE"), (-4023, "Qty not increased by step size."))
VALUE_TOO_SMALL = Rule(
    (-1013, "Filter failure: NOTIONAL"),
    (-4164, "Order's notional must be no smaller than {minimum} (unless you choose reduce only)."),
)
TOO_MANY_ORDERS = Rule((-1013, "Filter failure: MAX_NUM_ORDERS"), (-2025, "Reach max open order limit."))
TOO_MANY_TRIGGER_ORDERS = Rule((-1013, "Filter failure: MAX_NUM_ALGO_ORDERS"), (-4045, "Reach max stop order limit."))
INSUFFICIENT_FUNDS = Rule(
    (-2010, "Account has insufficient balance for requested action."), (-2019, "Margin is insufficient.")
)
DUPLICATE_ID = Rule((-2010, "Duplicate order sent."), (-4116, "ClientOrderId is duplicated."))
WOULD_TAKE = Rule(
    (-2010, "Order would immediately match and take."),
    (-5022, "Due to the order could not be executed as maker, the Post Only order will be rejected."),
)
WOULD_TRIGGER = Rule((-2010, "Stop price would trigger immediately."), (-2021, "Order would immediately trigger."))
NOT_WHOLLY_FILLABLE = both(-5021, "Due to the order could not be filled immediately, the FOK order has been rejected.")
NO_LIQUIDITY = Rule((-1013, "Market is closed."), (-2020, "Unable to fill."))
MARKET_HALTED = Rule((-1013, "Market is closed."), (-4140, "Invalid symbol status for opening position."))
MARKET_CLOSED = Rule((-1013, "Market is closed."), (-4141, "Symbol is closed."))
UNKNOWN_ORDER = both(-2011, "Unknown order sent.")
NO_SUCH_ORDER = both(-2013, "Order does not exist.")
NOTHING_TO_REDUCE = both(-2022, "ReduceOnly Order is rejected.")
POSITION_SIDE = both(-4061, "Order's position side does not match user's setting.")
USE_ALGO = both(-4120, "Order type not supported for this endpoint. Please use the Algo Order API endpoints instead.")
BAD_BATCH = both(-4082, "Invalid number of batch place orders.")
INVALID_LEVERAGE = both(-4028, "Leverage {leverage} is not valid")
SAME_POSITION_MODE = both(-4059, "No need to change position side.")
SAME_MARGIN_TYPE = both(-4046, "No need to change margin type.")
UNSUPPORTED = both(-1104, "Parameter '{name}' is not supported by the exchange simulator.")
INVALID_CLIENT_ID = Rule(
    (
        -1100,
        "Illegal characters found in parameter 'newClientOrderId'; legal range is '^[\\.A-Z\\:/a-z0-9_-]{{1,36}}$'.",
    ),
    (-4015, "Client order id is not valid."),
)


def ahead() -> Refusal:
    return Refusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.")


def outside_window() -> Refusal:
    return Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")


def window_too_long() -> Refusal:
    return Refusal(-1131, "recvWindow must be less than 60000.")


def invalid_signature() -> Refusal:
    return Refusal(-1022, "Signature for this request is not valid.")


def missing_key() -> Refusal:
    return Refusal(-2014, "API-key format invalid.", UNAUTHORIZED)


def unknown_key(category: Category) -> Refusal:
    if category is Category.SPOT:
        return Refusal(-2008, "Invalid Api-Key ID.", UNAUTHORIZED)
    return not_permitted()


def not_permitted() -> Refusal:
    return Refusal(-2015, "Invalid API-key, IP, or permissions for action.", UNAUTHORIZED)


def unknown_route(method: str, path: str) -> Refusal:
    return Refusal(-5000, f"Path {path}, Method {method} is invalid", 404)
