"""What an account holds, as its owner reads it: balances and positions."""

from __future__ import annotations

from collections.abc import Iterable

from deskbot.matching import Category, Exchange, Listing, PositionReport, WalletReport
from deskbot.matching.units import ONE, half_even, units
from deskbot.simulator.accounts import Trait
from deskbot.simulator.bybit import codes
from deskbot.simulator.bybit.call import Call, Json
from deskbot.simulator.numbers import milliseconds, money, plain, price, quantity

STABLE_COINS = ("USDT", "USDC", "USD")


def wallet_balance(call: Call) -> Json:
    if call.text("accountType") != "UNIFIED":
        raise codes.Refusal(10001, "accountType only support UNIFIED.")
    wanted = set(filter(None, call.text("coin").split(",")))
    return {"list": [wallet(call.exchange, call.key, wanted)]}


def wallet(exchange: Exchange, account: str, wanted: Iterable[str] = ()) -> Json:
    """The element of `wallet-balance` and the data of the `wallet` stream; `wanted` limits the coins shown."""
    reports = exchange.wallet(account)
    shown = set(wanted) or set(reports)
    coins = [coin(exchange, account, report) for name, report in reports.items() if name in shown]
    balance = sum(_usd_units(exchange, report.asset, report.balance_units) for report in reports.values())
    unrealised = sum(exchange.unrealised_units(account, listing.key) for listing in _linear(exchange))
    margin = sum(exchange.initial_margin_units(account, listing.key) for listing in _linear(exchange))
    equity = balance + unrealised
    return {
        "accountType": "UNIFIED",
        "accountIMRate": "",
        "accountMMRate": "",
        "accountLTV": "",
        "totalEquity": money(equity),
        "totalWalletBalance": money(balance),
        "totalMarginBalance": money(equity),
        "totalAvailableBalance": money(equity - margin),
        "totalPerpUPL": money(unrealised),
        "totalInitialMargin": money(margin),
        "totalMaintenanceMargin": money(sum(_maintenance(exchange, account, one) for one in _linear(exchange))),
        "coin": coins,
    }


def coin(exchange: Exchange, account: str, report: WalletReport) -> Json:
    """`availableToWithdraw` is empty as on the venue today: what is free follows from locked and the margins."""
    settled = [listing for listing in _linear(exchange) if listing.settle == report.asset]
    unrealised = sum(exchange.unrealised_units(account, listing.key) for listing in settled)
    position_margin = sum(_position_margin(exchange.position(account, listing.key)) for listing in settled)
    margin = sum(exchange.initial_margin_units(account, listing.key) for listing in settled)
    realised = sum(exchange.position(account, listing.key).realised_units for listing in settled)
    equity = report.balance_units + unrealised
    return {
        "coin": report.asset,
        "equity": money(equity),
        "usdValue": money(_usd_units(exchange, report.asset, equity)),
        "walletBalance": money(report.balance_units),
        "free": "",
        "locked": money(report.locked_units),
        "borrowAmount": "0",
        "accruedInterest": "0",
        "availableToBorrow": "",
        "availableToWithdraw": "",
        "totalOrderIM": money(max(0, margin - position_margin)),
        "totalPositionIM": money(position_margin),
        "totalPositionMM": money(sum(_maintenance(exchange, account, listing) for listing in settled)),
        "unrealisedPnl": money(unrealised),
        "cumRealisedPnl": money(realised),
        "bonus": "0",
        "marginCollateral": report.asset in STABLE_COINS,
        "collateralSwitch": report.asset in STABLE_COINS,
        "spotHedgingQty": "0",
    }


def _linear(exchange: Exchange) -> list[Listing]:
    return [listing for listing in exchange.listings.values() if listing.category is Category.LINEAR]


def _position_margin(position: PositionReport) -> int:
    return half_even(position.cost_units * ONE, units(position.leverage)) if position.lots else 0


def _maintenance(exchange: Exchange, account: str, listing: Listing) -> int:
    return half_even(exchange.position(account, listing.key).cost_units * listing.maintenance_units, ONE)


def _usd_units(exchange: Exchange, asset: str, amount_units: int) -> int:
    """At the last price against a dollar coin; a coin without such a market counts nothing."""
    if asset in STABLE_COINS:
        return amount_units
    for listing in exchange.listings.values():
        last = exchange.ticker(listing.key).last
        if listing.base == asset and listing.quote in STABLE_COINS and last is not None:
            return listing.worth(last, amount_units)
    return 0


def positions(call: Call) -> Json:
    """By symbol the position even when flat (both sides in hedge mode); by settle coin only what is open."""
    category = call.category
    if category != Category.LINEAR.value:
        return {"category": category, "list": [], "nextPageCursor": ""}
    if not call.text("symbol") and not call.text("settleCoin"):
        raise codes.NO_SCOPE.refusal(category)
    if call.text("symbol"):
        listings = [call.listing()]
    else:
        listings = [one for one in call.listings() if call.in_scope(one) and _is_open(call, one)]
    return {
        "category": category,
        "list": [shape for listing in listings for shape in _indexed(call, listing)],
        "nextPageCursor": "",
    }


def _is_open(call: Call, listing: Listing) -> bool:
    return call.exchange.position(call.key, listing.key).lots != 0


def _indexed(call: Call, listing: Listing) -> list[Json]:
    shape = position(call.exchange, call.exchange.position(call.key, listing.key))
    if call.account is None or Trait.HEDGE not in call.account.traits:
        return [shape]
    return [shape | {"positionIdx": 1, "side": "Buy"}, shape | {"positionIdx": 2, "side": "Sell"}]


def position(exchange: Exchange, report: PositionReport) -> Json:
    """An element of `position/list` and the data of the `position` stream."""
    listing = exchange.listings[report.market]
    size = abs(report.lots)
    mark = exchange.mark(listing.key) or 0
    entry = half_even(report.cost_units * ONE, size * listing.step_units) if size else 0
    margin = money(_position_margin(report)) if size else "0"
    return {
        "positionIdx": 0,
        "riskId": 1,
        "riskLimitValue": "2000000",
        "symbol": listing.symbol,
        "side": "" if size == 0 else "Buy" if report.lots > 0 else "Sell",
        "size": quantity(listing, size),
        "avgPrice": money(entry),
        "positionValue": money(report.cost_units),
        "tradeMode": 0,
        "autoAddMargin": 0,
        "positionStatus": "Normal",
        "leverage": plain(report.leverage),
        "markPrice": price(listing, mark),
        "liqPrice": "",
        "bustPrice": "",
        "positionIM": margin,
        "positionMM": money(half_even(report.cost_units * listing.maintenance_units, ONE)),
        "positionBalance": margin,
        "tpslMode": "Full",
        "takeProfit": "",
        "stopLoss": "",
        "trailingStop": "0",
        "sessionAvgPrice": "",
        "unrealisedPnl": money(exchange.unrealised_units(report.account, report.market)) if size else "",
        "curRealisedPnl": money(report.realised_units),
        "cumRealisedPnl": money(report.realised_units),
        "adlRankIndicator": 0,
        "isReduceOnly": False,
        "mmrSysUpdatedTime": "",
        "leverageSysUpdatedTime": "",
        "createdTime": milliseconds(report.time_ns),
        "updatedTime": milliseconds(report.time_ns),
        "seq": report.sequence or -1,
    }
