"""What an account may do and pays, and what its owner has set: rights, fees, leverage, modes, listen keys."""

from __future__ import annotations

from decimal import Decimal

from deskbot.matching import Refusal
from deskbot.simulator.accounts import Trait
from deskbot.simulator.binance import codes
from deskbot.simulator.binance.call import Call, Json
from deskbot.simulator.binance.refusals import refuse
from deskbot.simulator.binance.rest_account import MOST_NOTIONAL, NO_COMMISSION, may_trade
from deskbot.simulator.numbers import plain

MARGIN_FLOORS = ((1, "0.004", 125, 0, 300_000), (2, "0.005", 100, 300_000, MOST_NOTIONAL))


def commission_rate(call: Call) -> Json:
    listing = call.listing()
    maker, taker = plain(listing.maker_rate), plain(listing.taker_rate)
    return {"symbol": listing.symbol, "makerCommissionRate": maker, "takerCommissionRate": taker}


def spot_commission(call: Call) -> Json:
    listing = call.listing()
    standard = NO_COMMISSION | {"maker": f"{listing.maker_rate:.8f}", "taker": f"{listing.taker_rate:.8f}"}
    discount = {"enabledForAccount": False, "enabledForSymbol": False, "discountAsset": "BNB", "discount": "0.75"}
    return {
        "symbol": listing.symbol,
        "standardCommission": standard,
        "specialCommission": NO_COMMISSION,
        "taxCommission": NO_COMMISSION,
        "discount": discount,
    }


def trade_fee(call: Call) -> list[Json]:
    listings = [call.listing()] if call.text("symbol") else call.listings()
    return [
        {"symbol": one.symbol, "makerCommission": plain(one.maker_rate), "takerCommission": plain(one.taker_rate)}
        for one in listings
    ]


def restrictions(call: Call) -> Json:
    """What the API key may do, and from where."""
    account = call.account
    assert account is not None  # noqa: S101 - a private endpoint
    withdraws, trades = Trait.WITHDRAW in account.traits, may_trade(call)
    return {
        "ipRestrict": bool(account.ips),
        "createTime": 1_600_000_000_000,
        "enableReading": True,
        "enableWithdrawals": withdraws,
        "enableInternalTransfer": withdraws,
        "permitsUniversalTransfer": withdraws,
        "enableMargin": False,
        "enableFutures": trades,
        "enableVanillaOptions": False,
        "enablePortfolioMarginTrading": False,
        "enableSpotAndMarginTrading": trades,
        "enableFixApiTrade": False,
        "enableFixReadOnly": False,
    }


def system_status(_call: Call) -> Json:
    """A venue that is down answers nothing else either; while this answers it is up."""
    return {"status": 0, "msg": "normal"}


def coins(call: Call) -> list[Json]:
    """Every coin of the markets, without networks: nothing is deposited or withdrawn here."""
    names = dict.fromkeys(name for one in call.exchange.listings.values() for name in (one.base, one.quote))
    return [
        {
            "coin": name,
            "name": name,
            "depositAllEnable": False,
            "withdrawAllEnable": False,
            "free": "0",
            "locked": "0",
            "freeze": "0",
            "withdrawing": "0",
            "ipoing": "0",
            "ipoable": "0",
            "storage": "0",
            "isLegalMoney": False,
            "trading": True,
            "networkList": [],
        }
        for name in names
    ]


def account_config(call: Call) -> Json:
    assert call.account is not None  # noqa: S101 - a private endpoint
    return {
        "feeTier": 0,
        "canTrade": may_trade(call),
        "canDeposit": True,
        "canWithdraw": True,
        "dualSidePosition": call.desk.hedges(call.account),
        "updateTime": 0,
        "multiAssetsMargin": False,
        "tradeGroupId": -1,
    }


def symbol_config(call: Call) -> list[Json]:
    listings = [call.listing()] if call.text("symbol") else call.listings()
    return [
        {
            "symbol": one.symbol,
            "marginType": "ISOLATED" if call.account and call.desk.is_isolated(call.account, one.key) else "CROSSED",
            "isAutoAddMargin": "false",
            "leverage": int(call.exchange.position(call.key, one.key).leverage),
            "maxNotionalValue": str(MOST_NOTIONAL),
        }
        for one in listings
    ]


def position_mode(call: Call) -> Json:
    assert call.account is not None  # noqa: S101 - a private endpoint
    return {"dualSidePosition": call.desk.hedges(call.account)}


def set_position_mode(call: Call) -> Json:
    call.required("dualSidePosition")
    assert call.account is not None  # noqa: S101 - a private endpoint
    if not call.desk.set_hedging(call.account, call.flag("dualSidePosition")):
        raise codes.SAME_POSITION_MODE.refusal(call.category)
    return {"code": 200, "msg": "success"}


def set_margin_type(call: Call) -> Json:
    listing, wanted = call.listing(), call.required("marginType")
    assert call.account is not None  # noqa: S101 - a private endpoint
    if not call.desk.set_isolated(call.account, listing.key, wanted == "ISOLATED"):
        raise codes.SAME_MARGIN_TYPE.refusal(call.category)
    return {"code": 200, "msg": "success"}


def multi_assets(_call: Call) -> Json:
    return {"multiAssetsMargin": False}


def set_leverage(call: Call) -> Json:
    """Setting what is set already succeeds, unlike on other venues."""
    listing, leverage = call.listing(), call.amount("leverage")
    answer = call.exchange.set_leverage(call.key, listing.key, Decimal(leverage))
    if answer is Refusal.LEVERAGE_NOT_ALLOWED:
        raise codes.INVALID_LEVERAGE.refusal(call.category, leverage=plain(leverage))
    if answer not in (None, Refusal.LEVERAGE_UNCHANGED):
        raise refuse(answer, listing)
    return {"symbol": listing.symbol, "leverage": int(leverage), "maxNotionalValue": str(MOST_NOTIONAL)}


def leverage_brackets(call: Call) -> list[Json]:
    listings = [call.listing()] if call.text("symbol") else call.listings()
    brackets = [
        {
            "bracket": number,
            "initialLeverage": leverage,
            "notionalCap": cap,
            "notionalFloor": floor,
            "maintMarginRatio": float(rate),
            "cum": 0.0,
        }
        for number, rate, leverage, floor, cap in MARGIN_FLOORS
    ]
    return [{"symbol": one.symbol, "notionalCoef": 1.0, "brackets": brackets} for one in listings]


def make_listen_key(call: Call) -> Json:
    return {"listenKey": call.desk.listen_key(call.key, call.now_ns)}


def keep_listen_key(call: Call) -> Json:
    key = call.desk.keep_alive(call.key, call.now_ns)
    if key is None:
        raise codes.INVALID_LISTEN_KEY.refusal(call.category)
    return {"listenKey": key}


def close_listen_key(call: Call) -> Json:
    call.desk.close(call.key)
    return {}
