"""What the venue remembers of an account beside orders and money: listen keys, position mode, margin types.

A listen key lives for an hour after it was last made or kept alive (USD-M "User Data Streams"). Whoever is to be told
of its end registers with `on_expired`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from deskbot.matching import Exchange
from deskbot.simulator.accounts import Account, Trait
from deskbot.simulator.binance.snapshots import Snapshots

LISTEN_KEY_NS = 3_600_000_000_000


class Desk:
    """One for each simulator; it schedules on the exchange, so that the same requests give the same order of things."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self.snapshots = Snapshots()
        self._keys: dict[str, str] = {}
        self._due_ns: dict[str, int] = {}
        self._made = 0
        self._ids = 0
        self._listeners: list[Callable[[str, str], None]] = []
        self._hedging: dict[str, bool] = {}
        self._isolated: dict[tuple[str, str], bool] = {}

    def on_expired(self, listener: Callable[[str, str], None]) -> None:
        """Be told account and listen key when one ends of itself."""
        self._listeners.append(listener)

    def client_id(self) -> str:
        """A client id such as the venue gives orders and cancellations that came without one."""
        self._ids += 1
        return hashlib.sha256(f"{self._ids} {self._exchange.order_id(0)}".encode()).hexdigest()[:22]

    # listen keys

    def listen_key(self, account: str, now_ns: int) -> str:
        """The account's key, made if there is none, good for an hour from now."""
        if account not in self._keys:
            self._made += 1
            digest = hashlib.sha256(f"{account} {self._made} {self._exchange.order_id(0)}".encode())
            self._keys[account] = digest.hexdigest()
        self._extend(account, now_ns)
        return self._keys[account]

    def keep_alive(self, account: str, now_ns: int) -> str | None:
        """The key, good for another hour; None if there is none."""
        if account in self._keys:
            self._extend(account, now_ns)
        return self._keys.get(account)

    def close(self, account: str) -> None:
        """Forget the key; its owner closed it."""
        self._keys.pop(account, None)

    def holder(self, listen_key: str) -> str | None:
        """Whose key it is; None for one that is not good (any more)."""
        return next((account for account, key in self._keys.items() if key == listen_key), None)

    def expire(self, account: str | None = None) -> int:
        """End keys before their time, all of them or one account's; answers how many."""
        ending = [one for one in self._keys if account in (None, one)]
        for one in ending:
            self._end(one)
        return len(ending)

    def _extend(self, account: str, now_ns: int) -> None:
        due_ns = now_ns + LISTEN_KEY_NS
        self._due_ns[account] = due_ns
        self._exchange.at(due_ns, lambda: self._look(account, due_ns))

    def _look(self, account: str, due_ns: int) -> None:
        if account in self._keys and self._due_ns[account] == due_ns:
            self._end(account)

    def _end(self, account: str) -> None:
        key = self._keys.pop(account)
        for listener in self._listeners:
            listener(account, key)

    # settings

    def hedges(self, account: Account) -> bool:
        """Whether the account has positions for both sides: as set here, else as its trait says."""
        return self._hedging.get(account.key, Trait.HEDGE in account.traits)

    def set_hedging(self, account: Account, hedging: bool) -> bool:
        """Whether that changed anything."""
        before = self.hedges(account)
        self._hedging[account.key] = hedging
        return before != hedging

    def is_isolated(self, account: Account, market: str) -> bool:
        return self._isolated.get((account.key, market), Trait.ISOLATED in account.traits)

    def set_isolated(self, account: Account, market: str, isolated: bool) -> bool:
        """Whether that changed anything."""
        before = self.is_isolated(account, market)
        self._isolated[account.key, market] = isolated
        return before != isolated
