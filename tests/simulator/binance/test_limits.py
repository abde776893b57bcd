"""Weights, order counts, bans: as counted, as reported, and as they end."""

from collections.abc import AsyncIterator

import pytest

from deskbot.matching import Category
from deskbot.simulator.accounts import parse_account
from deskbot.simulator.binance.limits import DAY_MS, MINUTE_MS, STRIKES, Limits, TooMany, allowance
from deskbot.simulator.server import Simulator, SimulatorOptions
from tests.simulator.binance.client import LINEAR, SPOT, Client
from tests.simulator.markets import BreathingMarket


def _refused(limits: Limits, now_ms: int, weight: int = 1) -> tuple[int, int] | None:
    try:
        limits.take("client", weight, now_ms)
    except TooMany as too_many:
        return too_many.refusal.status, too_many.retry_after_seconds
    return None


def test_weight_is_refused_above_the_limit_until_the_minute_is_over() -> None:
    limits = Limits(allowance(Category.SPOT))
    assert _refused(limits, 0, 6000) is None
    assert _refused(limits, 15_000) == (429, 45)
    assert _refused(limits, 59_999) == (429, 1)
    assert _refused(limits, 60_000) is None


def test_a_client_that_goes_on_is_banned_longer_each_time() -> None:
    limits = Limits(allowance(Category.LINEAR))
    begin, bans = 0, []
    for _ in range(3):
        assert _refused(limits, begin, 2400) is None
        assert [_refused(limits, begin) for _ in range(STRIKES)] == [(429, 60)] * STRIKES
        refused = _refused(limits, begin)
        assert refused is not None
        assert refused[0] == 418
        bans.append(refused[1])
        end = begin + refused[1] * 1000
        assert _refused(limits, end - 1) == (418, 1)
        begin = -(-end // MINUTE_MS) * MINUTE_MS
    assert bans == [120, 240, 480]


def test_clients_do_not_spend_each_others_weight() -> None:
    limits = Limits(allowance(Category.SPOT, 10))
    limits.take("one", 10, 0)
    limits.take("other", 10, 0)
    with pytest.raises(TooMany):
        limits.take("one", 1, 0)


def test_orders_are_counted_by_window() -> None:
    limits = Limits(allowance(Category.SPOT))
    for _ in range(100):
        limits.take_order("one", 1)
    with pytest.raises(TooMany, match="100 orders per 10 SECOND") as refused:
        limits.take_order("one", 9_999)
    assert (refused.value.refusal.code, refused.value.refusal.status) == (-1015, 429)
    limits.take_order("one", 10_000)
    assert limits.headers("one", 10_001, orders=True)["X-MBX-ORDER-COUNT-1D"] == "101"
    assert limits.headers("one", DAY_MS, orders=True)["X-MBX-ORDER-COUNT-1D"] == "0"


@pytest.fixture
async def strict() -> AsyncIterator[Client]:
    accounts = [parse_account("key:secret:USDT=100000")]
    options = SimulatorOptions(accounts=accounts, dialect="binance", weight_per_minute=30)
    simulator = Simulator(options, source=BreathingMarket())
    await simulator.start()
    async with Client(simulator.base_url) as client:
        yield client
    await simulator.stop()


@pytest.mark.component
async def test_too_much_weight_is_429_with_retry_after_and_then_418(strict: Client) -> None:
    statuses = []
    for _ in range(60):
        answer = await strict.signed("GET", LINEAR, "/fapi/v3/balance")
        statuses.append(strict.status)
    assert statuses[0] == 200
    assert 429 in statuses
    assert statuses[-1] == 418
    assert answer["code"] == -1003
    assert "IP banned until" in answer["msg"]
    assert int(strict.headers["Retry-After"]) > 60
    assert (await strict.signed("GET", SPOT, "/openOrders", symbol="BTCUSDT")) == []
