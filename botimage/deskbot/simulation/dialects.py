"""The venues of the simulation: what differs between them at the level of orders, fills and answers.

The rules are those of the venue table (`deskbot.venues.dialects`) and of the venues' own documentation; the words they
say are beside them. Lists, pages and frames lie below this level: the adapters' own tests hold those.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from typing import Final

from deskbot.matching import Category, Listing
from deskbot.simulation.sayings import NO_ID, Saying, Sayings
from deskbot.simulation.schedule import SECOND


class PostOnly(Enum):
    """What becomes of a post-only order that would take."""

    CANCELLED = "acknowledged, then cancelled"
    EXPIRED = "acknowledged, then expired"
    REFUSED = "refused with a code of its own"


@dataclass(frozen=True)
class SimulatedVenue:
    """One venue. `ids_for_ever` is False where a client id may come again once the order of that id has ended.

    `receive_window` is the age at which a signed request is void, `visibility_delay` how far its questions may lag
    behind what it has acknowledged, both in nanoseconds. `orders_by_market`: open orders are asked for by market.
    """

    name: str
    listings: tuple[Listing, ...]
    sayings: Sayings
    post_only: PostOnly
    ids_for_ever: bool = True
    dead_man: bool = True
    orders_by_market: bool = False
    receive_window: int = 5 * SECOND
    visibility_delay: int = 29 * SECOND // 10

    @property
    def linear(self) -> bool:
        """Whether it has positions."""
        return self.listings[0].category is Category.LINEAR


def _listing(base: str, category: Category, maker: str, taker: str) -> Listing:
    """Bitcoin in steps of 0.001 from one step, ether in steps of 0.01 from two steps."""
    tick, step, least = {"BTC": ("0.1", "0.001", "0.001"), "ETH": ("0.01", "0.01", "0.02")}[base]
    return Listing(
        symbol=f"{base}USDT",
        category=category,
        base=base,
        quote="USDT",
        settle="USDT",
        tick_size=Decimal(tick),
        quantity_step=Decimal(step),
        min_quantity=Decimal(least),
        max_quantity=Decimal(1000),
        max_market_quantity=Decimal(500),
        min_notional=Decimal(5),
        maker_rate=Decimal(maker),
        taker_rate=Decimal(taker),
    )


def _bybit(code: int, message: str, kind: str) -> Saying:
    return Saying(kind, f'bybit {{"retCode":{code},"retMsg":"{message}","result":{{}},"retExtInfo":{{}}}}')


def _binance(code: int, message: str, kind: str) -> Saying:
    return Saying(kind, f'binance {{"code":{code},"msg":"{message}"}}')


_BYBIT_PAGE: Final = "bybit POST https://venue/v5/order"

BYBIT: Final = SimulatedVenue(
    name="bybit",
    listings=(
        _listing("BTC", Category.LINEAR, "0.0002", "0.00055"),
        _listing("ETH", Category.LINEAR, "0.0002", "0.00055"),
    ),
    post_only=PostOnly.CANCELLED,
    sayings=Sayings(
        timed_out=Saying("RequestTimeout", _BYBIT_PAGE),
        reset=(Saying("ExchangeNotAvailable", _BYBIT_PAGE), Saying("NetworkError", _BYBIT_PAGE)),
        unsure=(
            _bybit(10000, "Server Timeout", "ExchangeError"),
            _bybit(10016, "System error", "ExchangeError"),
            _bybit(10019, "Service is restarting", "ExchangeError"),
            _bybit(170007, "Timeout waiting for response from backend server.", "RequestTimeout"),
            _bybit(170146, "Order creation timeout", "InvalidOrder"),
            Saying("ExchangeNotAvailable", f"{_BYBIT_PAGE} 502 Bad Gateway <html><body>502</body></html>"),
            Saying("BadResponse", "bybit the answer is empty"),
        ),
        duplicate=_bybit(110072, "OrderLinkedID is duplicate", "InvalidOrder"),
        refused=(
            _bybit(110007, "ab not enough for new order", "InsufficientFunds"),
            _bybit(110009, "The number of active orders exceeds the limit", "InvalidOrder"),
        ),
        bad_order=_bybit(10001, "Request parameter error.", "BadRequest"),
        post_only=_bybit(170218, "The LIMIT-MAKER order is rejected", "InvalidOrder"),
        not_found=(
            _bybit(110001, "Order does not exist", "OrderNotFound"),
            _bybit(110008, "Order has been finished or canceled", "InvalidOrder"),
        ),
        limited=_bybit(10006, "Too many visits. Exceeded the API Rate Limit.", "RateLimitExceeded"),
        banned=Saying("ExchangeNotAvailable", f"{_BYBIT_PAGE} 403 Forbidden access too frequent"),
        late=_bybit(10002, "invalid request, please check your server timestamp", "InvalidNonce"),
        maintenance=(
            _bybit(10019, "Service is restarting", "ExchangeError"),
            Saying("ExchangeNotAvailable", f"{_BYBIT_PAGE} 503 Service Unavailable"),
        ),
        revoked=(
            _bybit(10003, "API key is invalid.", "AuthenticationError"),
            _bybit(33004, "Your api key has expired.", "AuthenticationError"),
            _bybit(10010, "Unmatched IP, please check your API key's bound IP addresses.", "PermissionDenied"),
        ),
        halted=_bybit(110066, "No trading is allowed at the current time", "ExchangeError"),
        page=NO_ID,
    ),
)

_BINANCE_PAGE: Final = "binance POST https://venue/api/v3/order"
_BINANCE_BANNED: Final = '"msg":"Way too much request weight used; IP banned until 1790000000000."'

_BINANCE: Final = Sayings(
    timed_out=Saying("RequestTimeout", _BINANCE_PAGE),
    reset=(Saying("ExchangeNotAvailable", _BINANCE_PAGE), Saying("NetworkError", _BINANCE_PAGE)),
    unsure=(
        _binance(-1000, "An unknown error occurred while processing the request.", "OperationFailed"),
        _binance(-1001, "Internal error; unable to process your request. Please try again.", "OperationFailed"),
        _binance(-1006, "An unexpected response was received from the message bus.", "OperationFailed"),
        _binance(-1007, "Timeout waiting for response from backend server.", "RequestTimeout"),
        _binance(-1008, "Server is currently overloaded with other requests.", "OperationFailed"),
        _binance(-1016, "This service is no longer available.", "BadRequest"),
        Saying("ExchangeNotAvailable", f"{_BINANCE_PAGE} 503 Service Unavailable"),
        Saying("BadResponse", "binance the answer is empty"),
    ),
    duplicate=_binance(-2010, "Duplicate order sent.", "InvalidOrder"),
    refused=(_binance(-2010, "Account has insufficient balance for requested action.", "InsufficientFunds"),),
    bad_order=Saying("InvalidOrder", 'binance order amount {"code":-1013,"msg":"Filter failure: LOT_SIZE"}'),
    post_only=Saying("OrderImmediatelyFillable", "binance Order would immediately match and take."),
    not_found=(_binance(-2011, "Unknown order sent.", "OrderNotFound"),),
    limited=Saying("DDoSProtection", 'binance 429 Too Many Requests {"code":-1003,"msg":"Too many requests."}'),
    banned=Saying("DDoSProtection", f'binance 418 I\'m a teapot {{"code":-1003,{_BINANCE_BANNED}}}'),
    late=_binance(-1021, "Timestamp for this request is outside of the recvWindow.", "InvalidNonce"),
    maintenance=(
        Saying("ExchangeNotAvailable", f"{_BINANCE_PAGE} 503 Service Unavailable"),
        _binance(-1016, "This service is no longer available.", "BadRequest"),
    ),
    revoked=(_binance(-2015, "Invalid API-key, IP, or permissions for action.", "AuthenticationError"),),
    halted=Saying("MarketClosed", "binance Market is closed."),
    page=NO_ID,
)

BINANCE: Final = SimulatedVenue(
    name="binance",
    listings=(
        _listing("BTC", Category.SPOT, "0.001", "0.001"),
        _listing("ETH", Category.SPOT, "0.001", "0.001"),
    ),
    post_only=PostOnly.REFUSED,
    ids_for_ever=False,
    dead_man=False,
    orders_by_market=True,
    sayings=_BINANCE,
)

BINANCEUSDM: Final = SimulatedVenue(
    name="binanceusdm",
    listings=(
        _listing("BTC", Category.LINEAR, "0.0002", "0.0005"),
        _listing("ETH", Category.LINEAR, "0.0002", "0.0005"),
    ),
    post_only=PostOnly.EXPIRED,
    orders_by_market=True,
    sayings=replace(
        _BINANCE,
        duplicate=_binance(-4116, "ClientOrderId is duplicated.", "InvalidOrder"),
        refused=(_binance(-2019, "Margin is insufficient.", "InsufficientFunds"),),
        post_only=_binance(-5022, "Due to the order could not be executed as maker, rejected.", "OrderNotFillable"),
    ),
)

VENUES: Final[Mapping[str, SimulatedVenue]] = {venue.name: venue for venue in (BYBIT, BINANCE, BINANCEUSDM)}
