"""What an account holds and may do, as its owner reads it: balances, positions, fees, rights and settings.

Spot and futures share one wallet here, where the venue keeps two: a bot trades on one of them.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal

from deskbot.matching import FundingReport, Listing, PositionReport, WalletReport
from deskbot.matching.units import ONE, half_even, units
from deskbot.simulator.accounts import Trait
from deskbot.simulator.binance.call import Call, Json
from deskbot.simulator.binance.texts import EIGHT, average, eight, number_of, price, quantity
from deskbot.simulator.numbers import plain

MOST_NOTIONAL = 10**9
NO_COMMISSION = dict.fromkeys(("maker", "taker", "buyer", "seller"), "0.00000000")


def may_trade(call: Call) -> bool:
    return call.account is not None and not call.account.traits & {Trait.READ_ONLY, Trait.NO_TRADING}


def spot_account(call: Call) -> Json:
    wallets = call.exchange.wallet(call.key).values()
    rates = call.listings()[0] if call.listings() else None
    maker, taker = (rates.maker_rate, rates.taker_rate) if rates else (Decimal(0), Decimal(0))
    return {
        "makerCommission": int(maker * 10_000),
        "takerCommission": int(taker * 10_000),
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": NO_COMMISSION | {"maker": f"{maker:.8f}", "taker": f"{taker:.8f}"},
        "canTrade": may_trade(call),
        "canWithdraw": True,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": call.now_ms,
        "accountType": "SPOT",
        "balances": [spot_balance(one) for one in wallets if one.balance_units or not call.flag("omitZeroBalances")],
        "permissions": ["SPOT"],
        "uid": _identity(call),
    }


def _identity(call: Call) -> int:
    """A number that is the account's own and tells nothing of its key."""
    return int.from_bytes(hashlib.sha256(call.key.encode()).digest()[:4])


def spot_balance(report: WalletReport) -> Json:
    free = report.balance_units - report.locked_units
    return {"asset": report.asset, "free": eight(free), "locked": eight(report.locked_units)}


def linear_account(call: Call) -> Json:
    assets = [_asset(call, report) for report in call.exchange.wallet(call.key).values()]
    settled = [one for one in assets if one["asset"] in {listing.settle for listing in call.listings()}]
    sums = {
        f"total{name[0].upper()}{name[1:]}": eight(sum(units(one[name]) for one in settled))
        for name in (
            "initialMargin",
            "maintMargin",
            "walletBalance",
            "unrealizedProfit",
            "marginBalance",
            "positionInitialMargin",
            "openOrderInitialMargin",
            "crossWalletBalance",
            "crossUnPnl",
        )
    }
    return {
        "feeTier": 0,
        "canTrade": may_trade(call),
        "canDeposit": True,
        "canWithdraw": True,
        "multiAssetsMargin": False,
        "updateTime": 0,
        **sums,
        "availableBalance": eight(sum(units(one["availableBalance"]) for one in settled)),
        "maxWithdrawAmount": eight(sum(units(one["maxWithdrawAmount"]) for one in settled)),
        "assets": assets,
        "positions": [position for listing in call.listings() for position in _account_positions(call, listing)],
    }


def _asset(call: Call, report: WalletReport) -> Json:
    settled = [listing for listing in call.listings() if listing.settle == report.asset]
    unrealised = sum(call.exchange.unrealised_units(call.key, listing.key) for listing in settled)
    held = sum(_position_margin(call.exchange.position(call.key, listing.key)) for listing in settled)
    needed = sum(call.exchange.initial_margin_units(call.key, listing.key) for listing in settled)
    maintenance = sum(_maintenance(call, listing) for listing in settled)
    free = max(0, call.exchange.available_units(call.key, report.asset))
    return {
        "asset": report.asset,
        "walletBalance": eight(report.balance_units),
        "unrealizedProfit": eight(unrealised),
        "marginBalance": eight(report.balance_units + unrealised),
        "maintMargin": eight(maintenance),
        "initialMargin": eight(needed),
        "positionInitialMargin": eight(held),
        "openOrderInitialMargin": eight(max(0, needed - held)),
        "crossWalletBalance": eight(report.balance_units),
        "crossUnPnl": eight(unrealised),
        "availableBalance": eight(_down(free)),
        "maxWithdrawAmount": eight(_down(free)),
        "marginAvailable": True,
        "updateTime": call.now_ms,
    }


def _down(amount_units: int) -> int:
    return amount_units // EIGHT * EIGHT


def _position_margin(position: PositionReport) -> int:
    return half_even(position.cost_units * ONE, units(position.leverage)) if position.lots else 0


def _maintenance(call: Call, listing: Listing) -> int:
    return half_even(call.exchange.position(call.key, listing.key).cost_units * listing.maintenance_units, ONE)


def balances(call: Call) -> list[Json]:
    """`balance` of the futures: one row for each coin."""
    return [
        {
            "accountAlias": f"{_identity(call):x}",
            "asset": one["asset"],
            "balance": one["walletBalance"],
            "crossWalletBalance": one["crossWalletBalance"],
            "crossUnPnl": one["crossUnPnl"],
            "availableBalance": one["availableBalance"],
            "maxWithdrawAmount": one["maxWithdrawAmount"],
            "marginAvailable": True,
            "updateTime": call.now_ms,
        }
        for one in (_asset(call, report) for report in call.exchange.wallet(call.key).values())
    ]


def _account_positions(call: Call, listing: Listing) -> list[Json]:
    """An element of `positions` in `account`; only what is open or has orders."""
    report = call.exchange.position(call.key, listing.key)
    if not report.lots:
        return []
    held = _position_margin(report)
    return [
        {
            "symbol": listing.symbol,
            "positionSide": "BOTH",
            "positionAmt": quantity(listing, report.lots),
            "entryPrice": average(listing, report.cost_units, abs(report.lots)),
            "leverage": plain(report.leverage),
            "isolated": call.account is not None and call.desk.is_isolated(call.account, listing.key),
            "unrealizedProfit": eight(call.exchange.unrealised_units(call.key, listing.key)),
            "isolatedMargin": "0",
            "isolatedWallet": "0",
            "notional": eight(_notional(call, report)),
            "initialMargin": eight(held),
            "positionInitialMargin": eight(held),
            "openOrderInitialMargin": "0",
            "maintMargin": eight(_maintenance(call, listing)),
            "updateTime": call.now_ms,
        }
    ]


def _notional(call: Call, report: PositionReport) -> int:
    listing = call.exchange.listings[report.market]
    return listing.value(call.exchange.mark(listing.key) or 0, report.lots)


def position_risk(call: Call) -> list[Json]:
    """Version 3: what is open, or has orders; version 2: every market. One row for each, as in one-way mode."""
    listings = [call.listing()] if call.text("symbol") else call.listings()
    return [row for listing in listings for row in _risks(call, listing)]


def _risks(call: Call, listing: Listing) -> list[Json]:
    report = call.exchange.position(call.key, listing.key)
    ordered = any(order.market == listing.key for order in call.exchange.open_orders(call.key))
    hedged = call.account is not None and call.desk.hedges(call.account)
    if not report.lots and not ordered and not (hedged and call.text("symbol")):
        return []
    row = risk(call, listing, report)
    if not hedged:
        return [row]
    nothing = {"positionAmt": quantity(listing, 0), "entryPrice": "0.0", "unRealizedProfit": eight(0)}
    long = row if report.lots > 0 else row | nothing
    short = row if report.lots < 0 else row | nothing
    return [long | {"positionSide": "LONG"}, short | {"positionSide": "SHORT"}]


def risk(call: Call, listing: Listing, report: PositionReport) -> Json:
    entry = average(listing, report.cost_units, abs(report.lots))
    held = eight(_position_margin(report))
    return {
        "symbol": listing.symbol,
        "positionSide": "BOTH",
        "positionAmt": quantity(listing, report.lots),
        "entryPrice": entry,
        "breakEvenPrice": entry,
        "markPrice": price(listing, call.exchange.mark(listing.key) or 0),
        "unRealizedProfit": eight(call.exchange.unrealised_units(call.key, listing.key)),
        "liquidationPrice": "0",
        "isolatedMargin": "0",
        "notional": eight(_notional(call, report)),
        "marginAsset": listing.settle,
        "isolatedWallet": "0",
        "initialMargin": held,
        "maintMargin": eight(_maintenance(call, listing)),
        "positionInitialMargin": held,
        "openOrderInitialMargin": "0",
        "leverage": plain(report.leverage),
        "marginType": "isolated" if call.account and call.desk.is_isolated(call.account, listing.key) else "cross",
        "maxNotionalValue": str(MOST_NOTIONAL),
        "isAutoAddMargin": "false",
        "adl": 0,
        "bidNotional": "0",
        "askNotional": "0",
        "updateTime": report.time_ns // 1_000_000,
    }


def income(call: Call) -> list[Json]:
    """Funding payments, oldest first; the other kinds of income are in the fills."""
    if call.text("incomeType") not in ("", "FUNDING_FEE"):
        return []
    wanted = call.listing().key if call.text("symbol") else None
    paid = [one for one in call.exchange.fundings(call.key) if wanted in (None, one.market)]
    start, end = call.integer("startTime") or 0, call.integer("endTime") or call.now_ms
    inside = [one for one in paid if start <= one.time_ns // 1_000_000 <= end]
    size = call.limit(100, 1000)
    begin = size * (max(1, call.integer("page") or 1) - 1)
    return [_income(call, one) for one in inside[begin : begin + size]]


def _income(call: Call, paid: FundingReport) -> Json:
    return {
        "symbol": call.exchange.listings[paid.market].symbol,
        "incomeType": "FUNDING_FEE",
        "income": eight(-paid.paid_units),
        "asset": paid.asset,
        "info": "FUNDING_FEE",
        "time": paid.time_ns // 1_000_000,
        "tranId": number_of(paid.execution_id),
        "tradeId": "",
    }
