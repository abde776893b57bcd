"""One request as its handler sees it: who asks, for which market, with which parameters; and how lists are paged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import quote, unquote

from deskbot.matching import Category, Exchange, Listing
from deskbot.simulator.accounts import Account
from deskbot.simulator.bybit import codes
from deskbot.simulator.numbers import finite

Json = dict[str, Any]
Key = tuple[int, str]
Item = TypeVar("Item")

CATEGORIES = ("spot", "linear", "inverse", "option")
TRADED = ("spot", "linear")


@dataclass(slots=True)
class Call:
    """A request that passed authentication (`account` is None on public endpoints). `now_ns` is venue time.

    `said_ns` is what the venue's clock says, which a fault can skew; `announced` is the maintenance to come (begin and
    end in nanoseconds). A handler returns the `result` of the answer and may fill `extra`, the `retExtInfo`.
    """

    exchange: Exchange
    now_ns: int
    parameters: Mapping[str, Any]
    account: Account | None = None
    said_ns: int = 0
    announced: Sequence[tuple[int, int]] = ()
    extra: Json = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The account's API key; only private endpoints may ask."""
        assert self.account is not None  # noqa: S101 - the dialect never calls a private handler without one
        return self.account.key

    def text(self, name: str) -> str:
        """A parameter as text, "" where it is missing."""
        value = self.parameters.get(name)
        if value is None:
            return ""
        return str(value).lower() if isinstance(value, bool) else str(value)

    def flag(self, name: str) -> bool:
        return self.text(name).lower() == "true"

    def decimal(self, name: str) -> Decimal | None:
        """None where it is missing. Raises `Refusal` for anything but a finite number."""
        text = self.text(name)
        if not text:
            return None
        value = finite(text)
        if value is None:
            raise codes.NOT_A_NUMBER.refusal(self.category, name=name)
        return value

    def integer(self, name: str, default: int) -> int:
        text = self.text(name)
        if not text:
            return default
        if not text.isascii() or not text.isdigit():
            raise codes.INVALID_PARAMETER.refusal(self.category, name=name)
        return int(text)

    def limit(self, default: int, most: int) -> int:
        """Bybit cuts a page size that is too large instead of refusing it."""
        return max(1, min(most, self.integer("limit", default)))

    @property
    def category(self) -> str:
        category = self.text("category")
        if category not in CATEGORIES:
            raise codes.ILLEGAL_CATEGORY.refusal("")
        return category

    @property
    def traded(self) -> bool:
        """Whether the category is one this venue has markets in."""
        return self.category in TRADED

    def listings(self) -> list[Listing]:
        """The listings of the request's category."""
        wanted = self.category
        return [listing for listing in self.exchange.listings.values() if listing.category.value == wanted]

    def listing(self, unknown: codes.Rule = codes.UNKNOWN_SYMBOL) -> Listing:
        """The market the request names. Raises `Refusal` for one that is missing or not listed."""
        symbol = self.text("symbol")
        if not symbol:
            raise codes.MISSING.refusal(self.category, name="symbol")
        listing = self.exchange.listings.get(f"{self.category}:{symbol}")
        if listing is None:
            raise unknown.refusal(self.category, symbol=symbol)
        return listing

    def in_scope(self, listing: Listing) -> bool:
        """Whether a market falls under symbol > baseCoin > settleCoin, the first of them that is given."""
        if listing.category.value != self.category:
            return False
        for name, value in (("symbol", listing.symbol), ("baseCoin", listing.base), ("settleCoin", listing.settle)):
            if self.text(name):
                return self.text(name) == value
        return True

    def require_scope(self) -> None:
        """Linear lists want one of symbol, baseCoin, settleCoin."""
        scoped = any(self.text(name) for name in ("symbol", "baseCoin", "settleCoin", "orderId", "orderLinkId"))
        if self.category == Category.LINEAR.value and not scoped:
            raise codes.NO_SCOPE.refusal(self.category)

    def page(self, items: Sequence[Item], key: Callable[[Item], Key], size: int) -> tuple[list[Item], str]:
        """One page, newest first, and the cursor of the next.

        The cursor names the page's first and last entry, percent-encoded as Bybit sends it, and comes with every page
        that holds anything: only an empty page is surely the last. It is a place in the order, not an offset, so
        entries that end between two pages shift nothing.
        """
        ordered = sorted(items, key=key, reverse=True)
        cursor = self.text("cursor")
        if cursor:
            after = _read_cursor(cursor, self.category)
            ordered = [item for item in ordered if key(item) < after]
        page = ordered[:size]
        return page, _write_cursor(key(page[0]), key(page[-1])) if page else ""


def _write_cursor(first: Key, last: Key) -> str:
    return quote(",".join(f"{identity}:{number}" for number, identity in (first, last)), safe="")


def _read_cursor(cursor: str, category: str) -> Key:
    plain = unquote(unquote(cursor))
    identity, _, number = plain.rpartition(",")[2].rpartition(":")
    if not number.isascii() or not number.isdigit():
        raise codes.INVALID_CURSOR.refusal(category)
    return int(number), identity
