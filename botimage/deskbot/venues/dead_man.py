"""The account's dead man's switch as the venue table describes it: wound up, or let go.

Where it hangs on a connection there is nothing to wind up: its time is set once, and the private stream's subscription
to the row's topic does the rest. Bybit enables it for chosen accounts only and takes the setting from everyone, so it
is asked first. A venue's refusal for its own load or our clock proves nothing about the account.
"""

from typing import Any, Final

from deskbot.core.events import ACCEPTED, REJECTED, UNKNOWN
from deskbot.venues.errors import ccxt_errors, place_outcome
from deskbot.venues.table import row_of
from deskbot.venues.table.model import Call, DeadMan, Scope

_PASSING: Final = (ccxt_errors.RateLimitExceeded, ccxt_errors.DDoSProtection, ccxt_errors.InvalidNonce)


class DeadManSwitch:
    """The switch of one account on one market type."""

    def __init__(self, exchange: str, market_type: str) -> None:
        row = row_of(exchange, market_type)
        self._timer = None if row is None else row.dead_man
        self._none = f"{exchange} has no dead man's switch for {market_type}"
        self._traded: dict[str, str] = {}
        self._set_seconds = 0

    def serve(self, traded: dict[str, str]) -> None:
        """The account's markets and the venue's own names for them; the venue was opened (again)."""
        self._traded = traded
        self._set_seconds = 0

    async def arm(self, exchange: Any, seconds: int) -> tuple[str, str]:
        """Have the venue act after so many seconds without us (0 lets go): ACCEPTED, REJECTED or UNKNOWN, and why."""
        if self._timer is None:
            return REJECTED, self._none
        try:
            return await self._arm(exchange, self._timer, seconds)
        except Exception as error:  # every exception has an outcome
            return outcome_of(error)

    async def _arm(self, exchange: Any, timer: DeadMan, seconds: int) -> tuple[str, str]:
        call = timer.arm if seconds else timer.disarm
        bounded = min(max(seconds, timer.shortest), timer.longest)
        if timer.scope is Scope.CONNECTION:
            if not seconds or bounded == self._set_seconds:
                return ACCEPTED, ""
            if not await enabled(exchange, timer):
                return REJECTED, "disconnection protection is off for this account: its account manager turns it on"
        if call is not None:
            for words in self._scopes(timer.scope):
                await _make(exchange, call, seconds=bounded, ms=bounded * 1000, **words)
        self._set_seconds = bounded
        return ACCEPTED, ""

    def _scopes(self, scope: Scope) -> list[dict[str, str]]:
        each = [{"symbol": symbol, "market": market} for symbol, market in self._traded.items()]
        return each if scope is Scope.SYMBOL else each[:1]


def outcome_of(error: Exception) -> tuple[str, str]:
    """(REJECTED or UNKNOWN, reason): whether a request about the switch that raised says that there is none."""
    outcome, reason = place_outcome(error)
    return UNKNOWN if isinstance(error, _PASSING) else outcome, reason


async def _make(exchange: Any, call: Call, **words: Any) -> Any:
    return await getattr(exchange, call.method)(*call.filled(**words))


async def enabled(exchange: Any, timer: DeadMan) -> bool:
    """Whether the account may use a switch that somebody at the venue has to enable first.

    Bybit v5 "Get DCP Info": products that were never enabled are missing from the answer.
    """
    if timer.enquiry is None:
        return True
    answer, product = await _make(exchange, timer.enquiry), timer.arm.arguments[0]["product"]
    infos = answer["result"].get("dcpInfos") or []
    return any(info.get("product") == product and info.get("dcpStatus") == "ON" for info in infos)
