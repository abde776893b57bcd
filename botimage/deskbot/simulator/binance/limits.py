"""Request weight and order counts, as Binance counts and reports them, and what follows from too many.

Weight is counted per minute, orders per ten seconds and per minute (futures) or day (spot). Above a limit requests are
refused with 429 until the window is over; a client that goes on all the same is banned with 418, longer each time.
The venue counts weight by IP address; here every client sits on one machine, so an API key stands for an address.
Limits: `rateLimits` of `exchangeInfo`; bans: "LIMITS", 2 minutes to 3 days.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from deskbot.matching import Category
from deskbot.simulator.binance import codes

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
DAY_MS = 24 * 60 * MINUTE_MS
STRIKES = 10  # refused requests within one minute before the ban
SHORTEST_BAN_MS = 2 * MINUTE_MS
LONGEST_BAN_MS = 3 * DAY_MS


@dataclass(frozen=True, slots=True)
class Window:
    """One limit; `label` as in the headers, `words` as in the refusals."""

    label: str
    words: str
    length_ms: int
    limit: int
    interval: tuple[str, int]


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one side of the venue allows one client."""

    weight: Window
    orders: tuple[Window, ...]


def allowance(category: Category, weight: int | None = None) -> Allowance:
    """The venue's own, or with another weight per minute."""
    if category is Category.SPOT:
        orders = (
            Window("10S", "10 SECOND", 10 * SECOND_MS, 100, ("SECOND", 10)),
            Window("1D", "1 DAY", DAY_MS, 200_000, ("DAY", 1)),
        )
    else:
        orders = (
            Window("10S", "10 SECOND", 10 * SECOND_MS, 300, ("SECOND", 10)),
            Window("1M", "1 MINUTE", MINUTE_MS, 1_200, ("MINUTE", 1)),
        )
    limit = weight or (6_000 if category is Category.SPOT else 2_400)
    return Allowance(Window("1M", "1 MINUTE", MINUTE_MS, limit, ("MINUTE", 1)), orders)


class TooMany(Exception):
    """One request too many; `retry_after_seconds` until the next may come."""

    def __init__(self, refusal: codes.Refusal, retry_after_seconds: int) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
        self.retry_after_seconds = retry_after_seconds


@dataclass(slots=True)
class _Client:
    used: dict[str, tuple[int, int]] = field(default_factory=dict)
    strikes: int = 0
    bans: int = 0
    banned_until_ms: int = 0


class Limits:
    """What each client of one side of the venue has used."""

    def __init__(self, allowed: Allowance) -> None:
        self.allowed = allowed
        self._clients: dict[str, _Client] = {}

    def take(self, client: str, weight: int, now_ms: int) -> None:
        """Counts one request. Raises `TooMany` with 429 or 418."""
        state = self._clients.setdefault(client, _Client())
        if now_ms < state.banned_until_ms:
            raise _banned(state.banned_until_ms, now_ms)
        window = self.allowed.weight
        used = self._add(state, f"weight {window.label}", window, weight, now_ms)
        if used <= window.limit:
            state.strikes = 0
            return
        state.strikes += 1
        if state.strikes > STRIKES:
            state.strikes, state.bans = 0, state.bans + 1
            state.banned_until_ms = now_ms + min(LONGEST_BAN_MS, SHORTEST_BAN_MS * 2 ** (state.bans - 1))
            raise _banned(state.banned_until_ms, now_ms)
        raise TooMany(
            codes.Refusal(
                -1003,
                f"Too much request weight used; current limit is {window.limit} request weight per {window.words}. "
                "Please use WebSocket Streams for live updates to avoid polling the API.",
                429,
            ),
            _rest_seconds(window, now_ms),
        )

    def take_order(self, account: str, now_ms: int) -> None:
        """Counts one new order. Raises `TooMany` with -1015."""
        state = self._clients.setdefault(account, _Client())
        for window in self.allowed.orders:
            if self._add(state, f"order {window.label}", window, 1, now_ms) > window.limit:
                message = f"Too many new orders; current limit is {window.limit} orders per {window.words}."
                raise TooMany(codes.Refusal(-1015, message, 429), _rest_seconds(window, now_ms))

    def headers(self, client: str, now_ms: int, *, orders: bool) -> dict[str, str]:
        """`X-MBX-USED-WEIGHT-*` on every answer, `X-MBX-ORDER-COUNT-*` on those to new orders."""
        used = self.used(client, self.allowed.weight, "weight", now_ms)
        shown = {f"X-MBX-USED-WEIGHT-{self.allowed.weight.label}": str(used), "X-MBX-USED-WEIGHT": str(used)}
        if orders:
            shown |= {
                f"X-MBX-ORDER-COUNT-{window.label}": str(self.used(client, window, "order", now_ms))
                for window in self.allowed.orders
            }
        return shown

    def used(self, client: str, window: Window, kind: str, now_ms: int) -> int:
        """How much of a window is used up."""
        state = self._clients.get(client)
        begun, used = (0, 0) if state is None else state.used.get(f"{kind} {window.label}", (0, 0))
        return used if begun == now_ms // window.length_ms else 0

    def described(self, client: str | None = None, now_ms: int = 0) -> Iterator[dict[str, object]]:
        """`rateLimits` of `exchangeInfo`, and with a client those of the WebSocket API, which also say the count."""
        kinds = [("REQUEST_WEIGHT", "weight", self.allowed.weight)]
        kinds += [("ORDERS", "order", window) for window in self.allowed.orders]
        for name, kind, window in kinds:
            interval, number = window.interval
            shape = {"rateLimitType": name, "interval": interval, "intervalNum": number, "limit": window.limit}
            counted = {} if client is None else {"count": self.used(client, window, kind, now_ms)}
            yield shape | counted

    def _add(self, state: _Client, name: str, window: Window, amount: int, now_ms: int) -> int:
        current = now_ms // window.length_ms
        begun, used = state.used.get(name, (current, 0))
        used = used + amount if begun == current else amount
        state.used[name] = (current, used)
        return used


def _banned(until_ms: int, now_ms: int) -> TooMany:
    message = (
        f"Way too much request weight used; IP banned until {until_ms}. "
        "Please use WebSocket Streams for live updates to avoid bans."
    )
    return TooMany(codes.Refusal(-1003, message, 418), -(-(until_ms - now_ms) // SECOND_MS))


def _rest_seconds(window: Window, now_ms: int) -> int:
    return -(-(window.length_ms - now_ms % window.length_ms) // SECOND_MS)
