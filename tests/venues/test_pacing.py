"""Requests wait for their turn on a clock that cannot step, and what was not sent is known not to be."""

import asyncio
import json
from typing import Any
from unittest.mock import patch

import pytest

from deskbot.core.events import REJECTED
from deskbot.venues.bybit.exchange import Bybit
from deskbot.venues.errors import cancel_outcome, place_outcome
from deskbot.venues.pacing import Burst, NotSent, Pacer
from deskbot.venues.rate_limits import SECOND
from deskbot.venues.rate_tables import RATES
from deskbot.venues.table.model import SWAP

CREATE, CANCEL, LIST = ("v5/order/create", "POST"), ("v5/order/cancel", "POST"), ("v5/order/realtime", "GET")
TOO_MANY = '{"retCode":10006,"retMsg":"Too many visits!","result":{},"time":1790000000000}'
FINE = '{"retCode":0,"retMsg":"OK","result":{"orderId":"1","list":[]},"time":1790000000000}'


class Wire:
    """An exchange whose requests end at `answer`, on a clock that moves only while something sleeps."""

    def __init__(self, **settings: Any) -> None:
        self.now = 1_790_000_000 * SECOND
        self.start = self.now
        self.sent: list[tuple[str, float]] = []
        self.answer: tuple[int, dict[str, str], str] = (200, {}, FINE)
        self.pacer = Pacer(RATES["bybit", SWAP], lambda: self.now, lambda: 0.5, **settings)
        self.trading, self.emergency = self._exchange(), self._exchange()
        self.emergency.urgent = True

    def _exchange(self) -> Any:
        exchange = Bybit({"apiKey": "key", "secret": "secret", "number": str})
        exchange.pacer = self.pacer

        async def fetch(url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
            status, answered, text = self.answer
            self.sent.append((url.partition("/v5/")[2].partition("?")[0], (self.now - self.start) / SECOND))
            exchange.on_rest_response(status, "", url, method, answered, text, {}, body)
            exchange.handle_errors(status, "", url, method, answered, text, json.loads(text), {}, body)
            exchange.handle_http_status_code(status, "", url, method, text)
            return json.loads(text)

        exchange.fetch = fetch  # type: ignore[method-assign]
        return exchange

    async def sleep(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)

    async def ask(self, request: tuple[str, str], *, emergency: bool = False) -> Any:
        exchange = self.emergency if emergency else self.trading
        path, method = request
        with patch.object(asyncio, "sleep", self.sleep):
            return await exchange.fetch2(path, ["private"], method, {}, {})

    async def times(self, request: tuple[str, str], count: int, **settings: Any) -> list[float]:
        """When each of so many requests left, in seconds."""
        for _ in range(count):
            await self.ask(request, **settings)
        return [at for _, at in self.sent[-count:]]


async def test_lists_leave_at_the_venues_rate_less_the_reserve() -> None:
    times = await Wire().times(LIST, 100)
    assert times[:45] == [0.0] * 45
    assert times[45:90] == [1.0] * 45


async def test_lists_do_not_hold_up_orders() -> None:
    wire = Wire()
    await wire.times(LIST, 45)
    assert await wire.times(CREATE, 9) == [0.0] * 9


async def test_an_order_that_would_wait_until_its_price_is_history_is_not_sent() -> None:
    wire = Wire()
    await wire.times(CREATE, 9)
    with pytest.raises(NotSent, match=r"^not sent: the venue's rate limit leaves no room for 1\.0 s$") as refusal:
        await wire.ask(CREATE)
    assert len(wire.sent) == 9
    assert place_outcome(refusal.value) == (REJECTED, str(refusal.value))


async def test_cancels_and_whatever_a_halt_asks_may_use_the_reserve() -> None:
    wire = Wire()
    assert await wire.times(CANCEL, 10) == [0.0] * 10
    assert await wire.times(LIST, 50, emergency=True) == [0.0] * 50


async def test_what_the_venue_has_counted_itself_is_believed() -> None:
    wire = Wire()
    wire.answer = (200, {"X-Bapi-Limit": "50", "X-Bapi-Limit-Status": "5"}, FINE)
    assert await wire.times(LIST, 2) == [0.0, 1.0]


@pytest.mark.parametrize(
    "answer",
    [(200, {"Retry-After": "3"}, TOO_MANY), (429, {"retry-after": "3"}, "{}")],
    ids=["a code of the venue's", "a status"],
)
async def test_after_too_many_creates_are_not_sent_and_cancels_leave_at_once(
    answer: tuple[int, dict[str, str], str],
) -> None:
    wire = Wire()
    wire.answer = answer
    with pytest.raises(Exception, match="bybit"):
        await wire.ask(LIST)
    wire.answer = (200, {}, FINE)
    with pytest.raises(NotSent):
        await wire.ask(CREATE)
    assert await wire.times(CANCEL, 1) == [0.0]
    assert await wire.times(LIST, 1) == [3.5], "Retry-After and a jittered back-off of at most a second"


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        ((418, {"Retry-After": "7"}, "{}"), 7),
        ((418, {}, "{}"), 120),
        ((403, {}, '{"msg":"access too frequent"}'), 600),
    ],
)
async def test_during_a_ban_no_request_leaves_of_no_instance(
    answer: tuple[int, dict[str, str], str], seconds: int
) -> None:
    wire = Wire()
    wire.answer = answer
    with pytest.raises(Exception, match="bybit"):
        await wire.ask(LIST)
    wire.answer = (200, {}, FINE)
    wire.now += seconds * SECOND - 1
    for request, emergency in ((CREATE, False), (CANCEL, False), (CANCEL, True), (LIST, True)):
        with pytest.raises(NotSent, match="banned") as refusal:
            await wire.ask(request, emergency=emergency)
        assert cancel_outcome(refusal.value)[0] == REJECTED
    assert len(wire.sent) == 1
    wire.now += 1
    assert await wire.times(CANCEL, 1) == [float(seconds)]


async def test_a_403_for_another_reason_is_no_ban() -> None:
    wire = Wire()
    wire.answer = (403, {}, '{"msg":"CloudFront: not available in your country"}')
    with pytest.raises(Exception, match="bybit"):
        await wire.ask(LIST)
    assert not wire.pacer.limits.banned_until


@pytest.mark.parametrize("step", [-30.0, 30.0])
async def test_no_step_of_the_wall_clock_delays_a_request(step: float) -> None:
    exchange = Bybit({"apiKey": "key", "secret": "secret"})
    exchange.pacer = Pacer(RATES["bybit", SWAP], lambda: 0, lambda: 0.5)
    exchange.fetch = _answer  # type: ignore[assignment, method-assign]
    wall = [1_790_000_000.0]
    with (
        patch("time.time", lambda: wall[0]),
        patch("ccxt.async_support.base.throttler.time", lambda: wall[0]),
    ):
        async with asyncio.timeout(2):
            for _ in range(9):
                await exchange.fetch2("v5/order/cancel", ["private"], "POST", {}, {})
                wall[0] += step


async def _answer(*_request: Any) -> Any:
    return json.loads(FINE)


async def test_stream_messages_leave_in_a_short_burst_and_then_at_their_pace() -> None:
    class Loop:
        now = 1000.0

        def time(self) -> float:
            return self.now

    loop, times = Loop(), []

    async def sleep(seconds: float) -> None:
        loop.now += seconds

    burst = Burst(0.02)
    with patch.object(asyncio, "sleep", sleep), patch.object(asyncio, "get_running_loop", lambda: loop):
        for _ in range(50):
            await burst(2.5)
            times.append(loop.now - 1000.0)
    assert times[:10] == [0.0] * 10
    assert times[-1] == pytest.approx(49 * 0.05 - 0.5)
