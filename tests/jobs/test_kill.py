"""`desk kill` over sockets, against the simulator in each of its dialects (safety.md 5)."""

import asyncio
import json
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from deskbot.core.events import ACCEPTED
from deskbot.jobs.emptying import Scope
from deskbot.jobs.kill import Kill, KillOrder, Outcome
from deskbot.runtime.clock import Clock
from deskbot.simulator.server import Simulator
from deskbot.venues.ccxt_venue import CcxtVenue
from deskbot.venues.protocol import Credentials, VenueSettings
from tests.venues.asking import bid, take, trigger_order, until
from tests.venues.conftest import MakeVenue, endpoint, make_venue, simulator

__all__ = ["endpoint", "make_venue", "simulator"]
pytestmark = [pytest.mark.component, pytest.mark.timeout(90)]

SWAP, SPOT = "BTC/USDT:USDT", "BTC/USDT"
FIELDS = ("exchange", "kind", "market", "cancel_all", "lists")
VENUES = [
    ("bybit", "Swap", SWAP, "/v5/order/cancel-all", "/v5/order/realtime"),
    ("binance", "Spot", SPOT, "/api/v3/openOrders", "/api/v3/openOrders"),
    ("binanceusdm", "Swap", SWAP, "/fapi/v1/allOpenOrders", "/fapi/v1/openOrders"),
]
BYBIT_SPOT = ("bybit", "Spot", SPOT, "/v5/order/cancel-all", "/v5/order/realtime")
DIALECTS = pytest.mark.parametrize(FIELDS, [*VENUES, BYBIT_SPOT])
THREE = pytest.mark.parametrize(FIELDS, VENUES)


async def _with_orders(
    make_venue: MakeVenue, simulator: Simulator, exchange: str, kind: str, market: str, orders: int = 6
) -> CcxtVenue:
    """A bot's account with orders that rest, one of them a trigger order."""
    venue = await make_venue(kind, market, exchange=exchange)
    instrument = (await venue.open()).instruments[market]
    for number in range(orders):
        assert (await venue.place(bid(instrument, f"d{number}"))).outcome == ACCEPTED
    if exchange == "bybit":
        await trigger_order(venue, "linear" if kind == "Swap" else "spot")
    else:
        await _binance_trigger_order(venue, kind)

    async def all_there() -> bool:
        return _resting(simulator) == orders + 1

    await until(all_there)
    return venue


async def _binance_trigger_order(venue: CcxtVenue, kind: str) -> None:
    exchange = venue._clients.trading
    assert exchange is not None
    await until(lambda: exchange.fetch_trades(SPOT if kind == "Spot" else SWAP))
    order = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01"}
    if kind == "Spot":
        more = {"type": "STOP_LOSS_LIMIT", "timeInForce": "GTC", "stopPrice": "58500", "price": "58400"}
        await exchange.privatePostOrder({**order, **more})
    else:
        more = {"type": "STOP_MARKET", "algoType": "CONDITIONAL", "triggerPrice": "50000"}
        await exchange.fapiPrivatePostAlgoOrder({**order, **more})


def _kill(
    exchange: str, kind: str, endpoint: str, key: str = "alice", markets: tuple[str, ...] = (), **order: Any
) -> tuple[Kill, CcxtVenue, list[Outcome]]:
    credentials = Credentials(key, f"{key}s-secret")
    clock = Clock()
    venue = CcxtVenue(
        VenueSettings(exchange=exchange, market_type=kind, markets=markets, credentials=credentials, endpoint=endpoint),
        time.time_ns,
        random.random,
    )
    told: list[Outcome] = []
    settings = {"scope": Scope(markets), "lease_seconds": 0.0, **order}
    return Kill(KillOrder(**settings), venue, clock, told.append), venue, told


async def _killed(*arguments: Any, **more: Any) -> Outcome:
    kill, venue, _ = _kill(*arguments, **more)
    try:
        return await kill.run()
    finally:
        await venue.close()


def _resting(simulator: Simulator, account: str = "alice") -> int:
    return len(simulator.exchange.open_orders(account))


@pytest.mark.control("R6-12a")
@DIALECTS
async def test_s5_every_order_goes_trigger_orders_too_and_the_venue_is_proven_empty(
    make_venue: MakeVenue,
    simulator: Simulator,
    endpoint: str,
    exchange: str,
    kind: str,
    market: str,
    cancel_all: str,
    lists: str,
) -> None:
    await _with_orders(make_venue, simulator, exchange, kind, market)
    outcome = await _killed(exchange, kind, endpoint, markets=(market,), halt_id="h-1", bot="default/b")
    assert (outcome.status, outcome.reason, outcome.residual_orders) == (0, "HaltConfirmed", 0), outcome.message
    assert _resting(simulator) == 0
    assert outcome.plain()["confirmedMs"] >= 8000
    assert outcome.plain()["residualPosition"] == ""
    assert outcome.account_id


@THREE
async def test_s5_lost_answers_lost_requests_and_stale_lists_only_make_it_take_longer(
    make_venue: MakeVenue,
    simulator: Simulator,
    endpoint: str,
    exchange: str,
    kind: str,
    market: str,
    cancel_all: str,
    lists: str,
) -> None:
    """Nobody names the market either: it is found by its orders."""
    await _with_orders(make_venue, simulator, exchange, kind, market)
    simulator.faults.add({"action": "staleRead", "endpoint": lists, "ageMs": 2500, "forMs": 6000})
    simulator.faults.add({"action": "garbage", "endpoint": lists, "count": 2})
    for path in {cancel_all, "*order*cancel*", "/api/v3/order", "/fapi/v1/order", "/fapi/v1/algoOrder"} - {lists}:
        simulator.faults.add({"action": "drop", "endpoint": path, "count": 2})
        simulator.faults.add({"action": "acceptThenDrop", "endpoint": path, "count": 3})
    outcome = await _killed(exchange, kind, endpoint)
    assert (outcome.status, _resting(simulator)) == (0, 0), outcome.message


@THREE
async def test_s5_a_storm_of_refusals_is_no_proof_and_no_end(
    make_venue: MakeVenue,
    simulator: Simulator,
    endpoint: str,
    exchange: str,
    kind: str,
    market: str,
    cancel_all: str,
    lists: str,
) -> None:
    await _with_orders(make_venue, simulator, exchange, kind, market, orders=3)
    simulator.faults.add({"action": "rateLimit", "endpoint": "*", "retryAfterMs": 2000, "forMs": 4000})
    kill, venue, told = _kill(exchange, kind, endpoint, markets=(market,))
    outcome = await kill.run()
    await venue.close()
    assert (outcome.status, _resting(simulator)) == (0, 0), outcome.message
    assert {one.confirmed_at for one in told} == {0, outcome.confirmed_at}
    assert outcome.plain()["confirmedMs"] >= 8000


async def test_s5_orders_that_arrive_while_the_bot_may_live_are_cancelled_as_they_come(
    make_venue: MakeVenue, simulator: Simulator, endpoint: str
) -> None:
    venue = await _with_orders(make_venue, simulator, "bybit", "Swap", SWAP, orders=1)
    instrument = venue._instruments[SWAP]
    kill, killing, told = _kill("bybit", "Swap", endpoint, markets=(SWAP,), lease_seconds=4.0)
    running = asyncio.create_task(kill.run())
    for number in range(6):
        await venue.place(bid(instrument, f"late{number}"))
        await asyncio.sleep(0.5)
    outcome = await running
    await killing.close()
    assert (outcome.status, _resting(simulator)) == (0, 0)
    assert outcome.plain()["confirmedMs"] >= 4000 + 5000 + 3000
    assert any(one.reason == "BotMayLive" for one in told)
    assert outcome.orders_cancelled >= 2


async def test_s5_positions_that_stay_are_told(make_venue: MakeVenue, simulator: Simulator, endpoint: str) -> None:
    venue = await make_venue("Swap", SWAP)
    await venue.place(take((await venue.open()).instruments[SWAP], "d1"))

    async def filled() -> Any:
        return simulator.exchange.executions("alice")

    await until(filled)
    outcome = await _killed("bybit", "Swap", endpoint, markets=(SWAP,))
    assert outcome.residual_position == f"0.01 {SWAP}"


@pytest.mark.control("S5.7")
async def test_s5_a_dry_run_walks_the_path_and_leaves_everything_as_it_is(
    make_venue: MakeVenue, simulator: Simulator, endpoint: str
) -> None:
    await _with_orders(make_venue, simulator, "bybit", "Swap", SWAP, orders=2)
    outcome = await _killed("bybit", "Swap", endpoint, markets=(SWAP,), dry_run=True)
    assert (outcome.status, outcome.walked, outcome.confirmed_at, outcome.reason) == (0, True, 0, "DryRun")
    assert (outcome.residual_orders, outcome.orders_cancelled, _resting(simulator)) == (3, 0, 3)


async def test_s5_a_key_of_another_account_cancels_nothing_and_proves_nothing(
    make_venue: MakeVenue, simulator: Simulator, endpoint: str
) -> None:
    await _with_orders(make_venue, simulator, "bybit", "Swap", SWAP, orders=1)
    outcome = await _killed("bybit", "Swap", endpoint, markets=(SWAP,), account_id="somebody")
    assert (outcome.status, outcome.reason, outcome.confirmed_at) == (2, "AccountUnsuitable", 0)
    assert _resting(simulator) == 2


@pytest.mark.parametrize("key", ["hedger", "taker", "watcher"])
async def test_s5_an_account_that_must_not_trade_can_still_be_emptied(
    simulator: Simulator, endpoint: str, key: str
) -> None:
    outcome = await _killed("bybit", "Swap", endpoint, key=key, markets=(SWAP,))
    assert outcome.status == 0, outcome.message


async def test_s5_it_does_not_give_up_while_the_venue_is_away_and_says_so_when_it_must(
    simulator: Simulator, endpoint: str
) -> None:
    simulator.faults.add({"action": "drop", "endpoint": "*", "forMs": 60000})
    outcome = await _killed("bybit", "Swap", endpoint, markets=(SWAP,), patience_seconds=3.0)
    assert (outcome.status, outcome.confirmed_at) == (1, 0)
    assert outcome.reason == "VenueUnreachable"
    assert outcome.message.startswith("stopped, its time is over: ")


async def test_s5_two_at_once_come_to_the_same_end(make_venue: MakeVenue, simulator: Simulator, endpoint: str) -> None:
    await _with_orders(make_venue, simulator, "bybit", "Swap", SWAP)
    work: list[Callable[[], Awaitable[Outcome]]] = [
        lambda: _killed("bybit", "Swap", endpoint, markets=(SWAP,)) for _ in range(2)
    ]
    outcomes = await asyncio.gather(*(one() for one in work))
    assert [one.status for one in outcomes] == [0, 0]
    assert _resting(simulator) == 0


def test_s5_the_outcome_fits_into_a_termination_message() -> None:
    order = KillOrder(Scope(()), 0.0, bot="n" * 63 + "/" + "b" * 32, halt_id="h" * 40)
    words = {"message": "x" * 512, "residual_position": "y" * 512, "account_id": "1" * 40}
    assert len(json.dumps(Outcome(order, 1, 2, **words).plain())) < 4096  # type: ignore[arg-type]
