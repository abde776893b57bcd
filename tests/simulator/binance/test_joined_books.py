"""A book that is joined from a REST snapshot of any moment and the depth stream is never wrong afterwards."""

import json
from contextlib import suppress
from typing import Any

import aiohttp
import pytest

from deskbot.simulator.server import Simulator, SimulatorOptions
from tests.simulator.binance.client import LINEAR, PREFIX, SPOT, STREAMS, Client

pytestmark = pytest.mark.component

SNAPSHOTS = 25


def _apply(side: dict[str, float], levels: list[list[str]]) -> None:
    for price, quantity in levels:
        if float(quantity):
            side[price] = float(quantity)
        else:
            side.pop(price, None)


def _follow(snapshot: dict[str, Any], events: list[dict[str, Any]]) -> int:
    """How many events followed; after each one the book has a spread."""
    bids, asks = ({one[0]: float(one[1]) for one in snapshot[name]} for name in ("bids", "asks"))
    followed = 0
    for event in events:
        if event["u"] <= snapshot["lastUpdateId"]:
            continue
        _apply(bids, event["b"])
        _apply(asks, event["a"])
        assert max(map(float, bids)) < min(map(float, asks)), f"crossed {followed} events after the snapshot"
        followed += 1
    return followed


@pytest.mark.parametrize("side", [SPOT, LINEAR])
async def test_a_snapshot_of_any_moment_and_the_events_behind_it_make_a_sound_book(side: str) -> None:
    simulator = Simulator(SimulatorOptions(accounts=[], seed=7, dialect="binance"))
    await simulator.start()
    events: list[dict[str, Any]] = []
    snapshots: list[dict[str, Any]] = []
    path = "/ws" if side == SPOT else "/public/ws"
    address = f"{simulator.base_url}/{STREAMS[side]}{path}/btcusdt@depth@100ms"
    try:
        async with (
            Client(simulator.base_url) as client,
            aiohttp.ClientSession() as session,
            session.ws_connect(address) as socket,
        ):
            while len(snapshots) < SNAPSHOTS or events[-1]["u"] <= snapshots[-1]["lastUpdateId"]:
                if len(snapshots) < SNAPSHOTS:
                    snapshots.append(await client.public(side, f"{PREFIX[side]}/depth", symbol="BTCUSDT", limit=1000))
                with suppress(TimeoutError):
                    events.append(json.loads((await socket.receive(0.03)).data))
    finally:
        await simulator.stop()
    assert all(_follow(snapshot, events) for snapshot in snapshots)
