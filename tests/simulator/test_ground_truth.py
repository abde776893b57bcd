"""The venue's books against a plain recomputation from its own list of executions, in fractions."""

from fractions import Fraction
from typing import Any

import pytest

from tests.simulator.client import Client

pytestmark = pytest.mark.component
MARKETS = {"linear": "BTC/USDT:USDT", "spot": "BTC/USDT"}
TRADES = [("Buy", "0.03"), ("Sell", "0.01"), ("Buy", "0.002"), ("Sell", "0.022"), ("Buy", "0.005")]


class PlainBook:
    """Average cost, before fees; nothing rounded."""

    def __init__(self) -> None:
        self.position = self.cost = self.cash = self.realised = Fraction(0)
        self.fees: dict[str, Fraction] = {}

    def add(self, fill: dict[str, Any]) -> None:
        sign = 1 if fill["side"] == "Buy" else -1
        quantity, price = Fraction(fill["execQty"]), Fraction(fill["execPrice"])
        fee, coin = Fraction(fill["execFee"]), fill["feeCurrency"]
        self.cash -= sign * quantity * price
        self.fees[coin] = self.fees.get(coin, Fraction(0)) + fee
        change = sign * quantity - (fee if coin == "BTC" else 0)
        if self.position * change < 0:
            closed = min(abs(self.position), abs(change))
            removed = self.cost * closed / abs(self.position)
            self.realised += (closed * price - removed) * (1 if self.position > 0 else -1)
            self.cost += (abs(change) - closed) * price - removed
        else:
            self.cost += abs(change) * price
        self.position += change


async def _fills(client: Client, category: str) -> list[dict[str, Any]]:
    listed = await client.get("/v5/execution/list", category=category, limit=100)
    return sorted(listed["result"]["list"], key=lambda fill: fill["seq"])


def _check(view: dict[str, Any], fills: list[dict[str, Any]]) -> None:
    plain = PlainBook()
    for fill in fills:
        plain.add(fill)
    assert Fraction(view["position"]) == plain.position
    assert Fraction(view["cash"]) == plain.cash
    assert {coin: Fraction(fee) for coin, fee in view["fees"].items()} == plain.fees
    assert abs(Fraction(view["realisedPnl"]) - plain.realised) <= len(fills) * Fraction(1, 10**18)
    assert view["fills"] == len(fills)


@pytest.mark.parametrize("category", ["linear", "spot"])
async def test_ground_truth_is_what_the_executions_add_up_to(client: Client, category: str) -> None:
    for side, quantity in TRADES:
        assert (await client.market(side, quantity, category))["retCode"] == 0
    fills = await _fills(client, category)
    assert len(fills) >= len(TRADES)
    truth = await client.hook("/ground-truth?account=key")
    _check(truth["markets"][MARKETS[category]], fills)
    assert (truth["executions"], truth["lastExecutionId"]) == (len(fills), fills[-1]["execId"])


async def test_ground_truth_up_to_an_execution_leaves_out_what_came_after(client: Client) -> None:
    for side, quantity in TRADES:
        await client.market(side, quantity)
    fills = await _fills(client, "linear")
    for count in range(1, len(fills) + 1):
        truth = await client.hook(f"/ground-truth?account=key&until={fills[count - 1]['execId']}")
        _check(truth["markets"]["BTC/USDT:USDT"], fills[:count])
        assert truth["executions"] == count
    now = await client.hook("/ground-truth?account=key")
    assert truth["markets"] == now["markets"]


async def test_the_wallet_moved_by_exactly_what_ground_truth_says(client: Client) -> None:
    for category in ("linear", "spot"):
        for side, quantity in TRADES:
            await client.market(side, quantity, category)
    markets = (await client.hook("/ground-truth?account=key"))["markets"]
    wallet = (await client.get("/v5/account/wallet-balance", accountType="UNIFIED"))["result"]["list"][0]["coin"]
    balance = {coin["coin"]: Fraction(coin["walletBalance"]) for coin in wallet}
    spot, linear = markets["BTC/USDT"], markets["BTC/USDT:USDT"]
    fees = Fraction(spot["fees"]["USDT"]) + Fraction(linear["fees"]["USDT"])
    assert balance["USDT"] == 100_000 + Fraction(spot["cash"]) + Fraction(linear["realisedPnl"]) - fees
    assert balance["BTC"] == 1 + Fraction(spot["position"])


async def test_the_transaction_log_leads_from_the_opening_balances_to_the_wallet(client: Client) -> None:
    for category in ("linear", "spot"):
        for side, quantity in TRADES:
            await client.market(side, quantity, category)
    wallet = (await client.get("/v5/account/wallet-balance", accountType="UNIFIED"))["result"]["list"][0]["coin"]
    opening = {"USDT": Fraction(100_000), "BTC": Fraction(1)}
    for coin in wallet:
        listed = await client.get("/v5/account/transaction-log", currency=coin["coin"], limit=50)
        balance = opening[coin["coin"]]
        for row in reversed(listed["result"]["list"]):
            assert Fraction(row["change"]) == Fraction(row["cashFlow"]) - Fraction(row["fee"])
            balance += Fraction(row["change"])
            assert Fraction(row["cashBalance"]) == balance
        assert balance == Fraction(coin["walletBalance"])
        assert len(listed["result"]["list"]) == {"USDT": 10, "BTC": 5}[coin["coin"]]


async def test_the_last_order_gone_is_stamped_and_unstamped(client: Client) -> None:
    placed = [await client.limit() for _ in range(3)]
    assert (await client.hook("/ground-truth?account=key"))["lastOrderGoneAt"] is None
    before = (await client.hook("/healthz"))["timeNs"]
    await client.post("/v5/order/cancel-all", category="linear", settleCoin="USDT")
    after = (await client.hook("/healthz"))["timeNs"]
    truth = await client.hook("/ground-truth?account=key")
    assert len(placed) == 3
    assert truth["openOrders"] == 0
    assert before <= truth["lastOrderGoneAt"] <= after
    await client.limit()
    assert (await client.hook("/ground-truth?account=key"))["lastOrderGoneAt"] is None


async def test_an_unknown_account_or_execution_is_one_clear_line(client: Client) -> None:
    assert "nobody" in (await client.hook("/ground-truth?account=nobody"))["error"]
    assert "no-such" in (await client.hook("/ground-truth?account=key&until=no-such"))["error"]
    assert "unknown filter" in (await client.hook("/requests?colour=red"))["error"]
