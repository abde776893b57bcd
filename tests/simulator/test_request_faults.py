"""What each action does to requests, through a client that knows nothing of the simulator."""

import asyncio
import time

import aiohttp
import pytest

from deskbot.simulator.server import Simulator
from tests.simulator.client import Client

pytestmark = pytest.mark.component
SCOPE = {"category": "linear", "symbol": "BTCUSDT"}
CREATE = "/v5/order/create"


async def open_links(client: Client) -> list[str]:
    listed = await client.get("/v5/order/realtime", **SCOPE)
    return [order["orderLinkId"] for order in listed["result"]["list"]]


async def status_of(client: Client, path: str = "/v5/account/info") -> tuple[int, dict[str, str]]:
    try:
        await client.get(path)
    except aiohttp.ContentTypeError as error:
        return error.status, dict(error.headers or {})
    return client.status, client.headers


async def injections(client: Client) -> dict[str, int]:
    counted: dict[str, int] = (await client.hook("/faults"))["injectionsByAction"]
    return counted


@pytest.mark.parametrize("action", ["drop", "acceptThenDrop"])
async def test_a_hanging_request_is_silent_before_it_breaks(client: Client, action: str) -> None:
    await client.hook("/faults", {"action": action, "endpoint": CREATE, "hangMs": 300})
    began = time.monotonic()
    with pytest.raises(aiohttp.ClientError):
        await client.limit(orderLinkId="hanging")
    assert time.monotonic() - began >= 0.3
    assert await open_links(client) == (["hanging"] if action == "acceptThenDrop" else [])


async def test_an_accepted_order_may_be_answered_with_a_code_of_the_venue(client: Client) -> None:
    fault = {"action": "acceptThenCode", "endpoint": CREATE, "status": 500, "code": 10016, "message": "Server error."}
    await client.hook("/faults", fault)
    answer = await client.limit(orderLinkId="live")
    assert (client.status, answer["retCode"], answer["retMsg"]) == (500, 10016, "Server error.")
    assert await open_links(client) == ["live"]


async def test_an_accepted_order_may_be_answered_with_nothing(client: Client) -> None:
    await client.hook("/faults", {"action": "acceptThenCode", "endpoint": CREATE, "status": 503})
    assert (await client.limit(orderLinkId="live")) is None
    assert client.status == 503
    assert await open_links(client) == ["live"]


async def test_a_refusal_on_order_has_no_effect(client: Client) -> None:
    await client.hook("/faults", {"action": "refuse", "endpoint": CREATE, "code": 10016, "count": 2})
    assert [(await client.limit())["retCode"] for _ in range(3)] == [10016, 10016, 0]
    assert len(await open_links(client)) == 1


async def test_an_empty_body_hides_an_order_that_was_taken(client: Client) -> None:
    await client.hook("/faults", {"action": "garbage", "endpoint": CREATE, "body": ""})
    with pytest.raises(aiohttp.ContentTypeError):
        await client.limit(orderLinkId="hidden")
    assert await open_links(client) == ["hidden"]


async def test_a_rate_limit_says_when_to_come_back(client: Client) -> None:
    await client.hook("/faults", {"action": "rateLimit", "endpoint": CREATE, "count": 2, "retryAfterMs": 1500})
    for _ in range(2):
        assert (await client.limit())["retCode"] == 10006
        assert (client.status, client.headers["Retry-After"]) == (429, "2")
    assert (await client.limit())["retCode"] == 0


async def test_a_client_that_goes_on_asking_is_banned(client: Client) -> None:
    storm = {"action": "rateLimit", "endpoint": CREATE, "forMs": 60_000, "banAfter": 3, "banMs": 300}
    await client.hook("/faults", storm)
    seen = []
    for _ in range(3):
        await client.limit()
        seen.append(client.status)
    seen.append((await status_of(client))[0])
    assert seen == [429, 429, 403, 403]
    assert await injections(client) == {"rateLimit": 3, "ban": 2}
    await asyncio.sleep(0.3)
    assert (await status_of(client))[0] == 200


async def test_a_socket_too_many_is_a_refusal_of_the_row_and_may_be_its_ban(client: Client) -> None:
    await client.hook("/faults", {"action": "rateLimit", "endpoint": "*", "count": 2, "banAfter": 2, "banMs": 300})
    seen = []
    for _ in range(2):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with client.stream("private"):
                pass
        seen.append(refused.value.status)
    assert seen == [429, 403]
    assert (await status_of(client))[0] == 403
    await asyncio.sleep(0.3)
    assert (await status_of(client))[0] == 200


async def test_a_ban_refuses_everything_and_counts_it_until_it_is_over(client: Client) -> None:
    await client.hook("/faults", {"action": "ban", "forMs": 600})
    for path in ("/v5/account/info", "/v5/market/time", "/v5/order/realtime"):
        status, headers = await status_of(client, path)
        assert (status, headers["Retry-After"]) == (403, "1")
    with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
        async with client.stream("private"):
            pass
    assert await injections(client) == {"ban": 4}
    await asyncio.sleep(0.6)
    assert (await client.get("/v5/account/info"))["retCode"] == 0
    assert await injections(client) == {"ban": 4}


async def test_maintenance_closes_the_streams_refuses_all_and_is_over_in_time(client: Client) -> None:
    async with client.stream("private") as socket:
        await client.hook("/faults", {"action": "maintenance", "forMs": 500})
        assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
    assert (await client.limit())["retCode"] == 10016
    assert client.status == 503
    with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
        async with client.stream("public/linear"):
            pass
    await asyncio.sleep(0.5)
    assert (await client.limit())["retCode"] == 0


@pytest.mark.parametrize("announced", [True, False])
async def test_maintenance_is_listed_beforehand_if_it_is_announced(client: Client, announced: bool) -> None:
    await client.hook("/faults", {"action": "maintenance", "afterMs": 60_000, "forMs": 1000, "announced": announced})
    listed = (await client.get("/v5/system/status"))["result"]["list"]
    assert [one["state"] for one in listed] == (["scheduled"] if announced else [])
    told = (await client.get("/v5/announcements/index", locale="en-US"))["result"]
    assert (told["total"], len(told["list"])) == (int(announced), int(announced))


async def test_a_stale_read_does_not_show_a_new_order_and_still_shows_a_cancelled_one(
    simulator: Simulator, client: Client
) -> None:
    await client.limit(orderLinkId="old")
    await asyncio.sleep(0.35)
    await client.post("/v5/order/cancel", **SCOPE, orderLinkId="old")
    await client.limit(orderLinkId="new")
    await client.market("Buy")
    stale = {"action": "staleRead", "endpoint": "/v5/*", "ageMs": 300, "count": 4}
    await client.hook("/faults", stale)
    assert await open_links(client) == ["old"]
    assert (await client.get("/v5/order/realtime", **SCOPE, orderLinkId="new"))["result"]["list"] == []
    assert (await client.get("/v5/execution/list", **SCOPE))["result"]["list"] == []
    (position,) = (await client.get("/v5/position/list", **SCOPE))["result"]["list"]
    assert position["size"] == "0.000"
    assert await open_links(client) == ["new"]
    assert len((await client.get("/v5/execution/list", **SCOPE))["result"]["list"]) == 1
    assert simulator.faults.view()["injectionsByAction"] == {"staleRead": 4}


async def test_a_skewed_clock_refuses_timestamps_and_tells_the_wrong_time_until_it_steps_back(client: Client) -> None:
    await client.hook("/faults", [{"action": "clockSkew", "offsetMs": 30_000, "forMs": 500}])
    told = int((await client.get("/v5/market/time"))["result"]["timeNano"]) // 1_000_000
    assert 29_000 < told - client.now_ms() < 31_000
    assert (await client.limit())["retCode"] == 10002
    client.clock_offset_ms = 30_000
    assert (await client.limit())["retCode"] == 0
    client.clock_offset_ms = 0
    await asyncio.sleep(0.5)
    assert (await client.limit())["retCode"] == 0
    assert await injections(client) == {"clockSkew": 1}


@pytest.mark.parametrize(
    ("change", "path", "code"),
    [
        ("revoked", "/v5/order/realtime", 10003),
        ("foreignip", "/v5/order/realtime", 10010),
        ("readonly", CREATE, 10005),
        ("notrading", CREATE, 10005),
    ],
)
async def test_a_key_can_lose_its_rights_and_get_them_back(client: Client, change: str, path: str, code: int) -> None:
    async def ask() -> int:
        answer = await (client.limit() if path == CREATE else client.get(path, **SCOPE))
        return int(answer["retCode"])

    await client.hook("/faults", {"action": "key", "account": "key", "set": change})
    assert await ask() == code
    await client.hook("/faults", {"action": "key", "account": "key", "set": change, "undo": True})
    assert await ask() == 0
    assert await injections(client) == {"key": 2}


async def test_a_key_can_be_widened_to_withdraw(client: Client) -> None:
    await client.hook("/faults", {"action": "key", "account": "key", "set": "withdraw", "forMs": 300})
    assert "Withdraw" in (await client.get("/v5/user/query-api"))["result"]["permissions"]["Wallet"]
    await asyncio.sleep(0.35)
    assert (await client.get("/v5/user/query-api"))["result"]["permissions"]["Wallet"] == []


async def test_faults_for_one_account_leave_the_others_alone(simulator: Simulator, client: Client) -> None:
    await client.hook("/faults", {"action": "refuse", "endpoint": "*", "code": 1, "account": "key", "forMs": 60_000})
    async with Client(simulator.base_url, key="other") as other:
        assert (await other.limit())["retCode"] == 0
    assert (await client.limit())["retCode"] == 1
