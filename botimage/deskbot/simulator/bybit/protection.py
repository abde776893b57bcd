"""Disconnection protection, Bybit's dead man's switch.

It works only for accounts it was switched on for (`dcp` among their traits), and only for products whose topic
(`dcp.future`, `dcp.spot`) a private connection has subscribed. When the last such connection of a product is gone, its
timer starts; a new one that subscribes stops it; when it runs out, every open order of the product is cancelled. For
other accounts setting the window is acknowledged and means nothing (Bybit v5 "Set Disconnect Cancel All").
"""

from __future__ import annotations

from collections.abc import Iterable

from deskbot.matching import CancelFilter, Category
from deskbot.simulator.accounts import Account, Trait
from deskbot.simulator.bybit import codes
from deskbot.simulator.bybit.call import Call, Json
from deskbot.simulator.connection import Connection
from deskbot.simulator.venue import Venue

DEFAULT_WINDOW_SECONDS = 10
SHORTEST_SECONDS, LONGEST_SECONDS = 3, 300
NS_PER_SECOND = 1_000_000_000
PRODUCTS = {"OPTIONS": None, "DERIVATIVES": Category.LINEAR, "SPOT": Category.SPOT}
TOPICS = {"dcp.option": "OPTIONS", "dcp.future": "DERIVATIVES", "dcp.spot": "SPOT"}

Watch = tuple[str, str]


class Protection:
    """Windows and watching connections by account and product."""

    def __init__(self, venue: Venue, accounts: dict[str, Account]) -> None:
        self._venue = venue
        self._accounts = accounts
        self._windows: dict[Watch, int] = {}
        self._watching: dict[Watch, set[Connection]] = {}

    def set_window(self, call: Call) -> Json:
        """`order/disconnected-cancel-all`. Raises `Refusal` for an unknown product or a window out of range."""
        product, seconds = call.text("product") or "OPTIONS", call.integer("timeWindow", 0)
        if product not in PRODUCTS:
            raise codes.INVALID_PARAMETER.refusal("", name="product")
        if not SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
            raise codes.INVALID_PARAMETER.refusal("", name="timeWindow")
        if self._is_on(call.key):
            self._windows[call.key, product] = seconds
        return {}

    def configuration(self, call: Call) -> Json:
        """`account/query-dcp-info`: nothing for an account that it is not switched on for."""
        products = PRODUCTS if self._is_on(call.key) else ()
        return {
            "dcpInfos": [
                {"product": product, "dcpStatus": "ON", "timeWindow": str(self._window(call.key, product))}
                for product in products
            ]
        }

    def subscribe(self, connection: Connection, topics: Iterable[str]) -> None:
        """A connection watches over these products from now on."""
        for product in filter(None, map(TOPICS.get, topics)):
            self._watching.setdefault((connection.account, product), set()).add(connection)
            self._stop(connection.account, product)

    def unsubscribe(self, connection: Connection, topics: Iterable[str]) -> None:
        """A connection that says so stops watching; no timer starts."""
        for product in filter(None, map(TOPICS.get, topics)):
            self._watching.get((connection.account, product), set()).discard(connection)

    def leave(self, connection: Connection) -> None:
        """A connection is gone: the timers of the products that nobody watches any more start."""
        for (account, product), watching in self._watching.items():
            if connection in watching:
                watching.discard(connection)
                if not watching:
                    self._start(account, product)

    def _start(self, account: str, product: str) -> None:
        category = PRODUCTS[product]
        if category is not None and self._is_on(account):
            now_ns = self._venue.step()
            window_ns = self._window(account, product) * NS_PER_SECOND
            self._venue.exchange.arm(now_ns, account, CancelFilter(category=category), window_ns)
            self._venue.settle()

    def _stop(self, account: str, product: str) -> None:
        category = PRODUCTS[product]
        if category is not None:
            self._venue.exchange.disarm(self._venue.step(), account, CancelFilter(category=category))

    def _window(self, account: str, product: str) -> int:
        return self._windows.get((account, product), DEFAULT_WINDOW_SECONDS)

    def _is_on(self, account: str) -> bool:
        return Trait.DISCONNECTION_PROTECTION in self._accounts[account].traits
