"""Whether an account has Bybit's disconnection protection: asked until the venue says.

    check_account ──▶ ask ──▶ known: the private stream subscribes to the topic, or there is none
                        └ failed: the stream does without, asks again beside it, and begins anew when there is one

Nothing here keeps a venue from opening: without the protection a bot trades as on a venue that has none.
"""

import asyncio
from typing import Any, Final

import structlog

from deskbot.core.events import REJECTED
from deskbot.venues.dead_man import enabled, outcome_of
from deskbot.venues.table.model import DeadMan

AGAIN_SECONDS: Final = 1.0  # as often as the engine asks for the switch again

log = structlog.get_logger(__name__)


class Enabled(Exception):
    """The private stream has to subscribe to one topic more."""


class Protection:
    """One account's. `topic` is what its private stream subscribes to, "" while it is not known to be enabled."""

    def __init__(self, timer: DeadMan) -> None:
        self._timer = timer
        self._known = False
        self.topic = ""

    async def ask(self, exchange: Any) -> None:
        """Ask once. A refusal is an answer: not enabled."""
        self._known, self.topic = False, ""
        try:
            on = await enabled(exchange, self._timer)
        except Exception as error:  # every exception has an outcome
            outcome, reason = outcome_of(error)
            self._known = outcome == REJECTED
            log.warning("disconnection protection was not told", asked_again=not self._known, reason=reason)
        else:
            self._known, self.topic = True, self._timer.topic if on else ""

    async def ask_again(self, exchange: Any) -> None:
        """Beside a stream without the topic, for as long as that is. Raises Enabled."""
        while not self._known:
            await asyncio.sleep(AGAIN_SECONDS)
            await self.ask(exchange)
        if self.topic:
            raise Enabled("the account has disconnection protection: the stream begins anew with it")
        await asyncio.Event().wait()
