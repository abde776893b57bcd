"""The account's terms: fees, margin mode, the rights of its key, and the few settings that can be changed."""

from __future__ import annotations

from zlib import crc32

from deskbot.matching import Category
from deskbot.simulator.accounts import Account, Trait
from deskbot.simulator.bybit import codes
from deskbot.simulator.bybit.call import Call, Json
from deskbot.simulator.bybit.refusals import refuse
from deskbot.simulator.numbers import milliseconds, plain

UNIFIED_TRADING_ACCOUNT_2_PRO = 6


def fee_rates(call: Call) -> Json:
    """Without a category linear is meant, as clients that ask for all rates expect."""
    named = call.text("category") or Category.LINEAR.value
    symbol = call.text("symbol")
    return {
        "category": named if named == Category.SPOT.value else "",
        "list": [
            {
                "symbol": listing.symbol,
                "baseCoin": "",
                "takerFeeRate": plain(listing.taker_rate),
                "makerFeeRate": plain(listing.maker_rate),
            }
            for listing in call.exchange.listings.values()
            if listing.category.value == named and symbol in ("", listing.symbol)
        ],
    }


def account_info(call: Call) -> Json:
    isolated = call.account is not None and Trait.ISOLATED in call.account.traits
    classic = call.account is not None and Trait.CLASSIC in call.account.traits
    return {
        "marginMode": "ISOLATED_MARGIN" if isolated else "REGULAR_MARGIN",
        "updatedTime": milliseconds(call.now_ns),
        "unifiedMarginStatus": 1 if classic else UNIFIED_TRADING_ACCOUNT_2_PRO,
        "dcpStatus": "ON"
        if call.account is not None and Trait.DISCONNECTION_PROTECTION in call.account.traits
        else "OFF",
        "timeWindow": 10,
        "smpGroup": 0,
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
    }


def key_info(call: Call) -> Json:
    assert call.account is not None  # noqa: S101 - the dialect never calls a private handler without one
    return key_rights(call.account)


def user_id(key: str) -> int:
    """The id of the account that a key opens."""
    return 24_600_000 + crc32(key.encode()) % 1_000_000_000


def key_rights(account: Account) -> Json:
    """`user/query-api`: what this key may do, from where, for how long."""
    traits = account.traits
    trading = Trait.NO_TRADING not in traits
    return {
        "id": str(10_000_000 + crc32(account.key.encode()) % 90_000_000),
        "note": "simulated",
        "apiKey": account.key,
        "readOnly": int(Trait.READ_ONLY in traits),
        "secret": "",
        "permissions": {
            "ContractTrade": ["Order", "Position"] if trading else [],
            "Spot": ["SpotTrade"] if trading else [],
            "Wallet": ["AccountTransfer", "Withdraw"] if Trait.WITHDRAW in traits else [],
            "Options": [],
            "Derivatives": ["DerivativesTrade"] if trading else [],
            "CopyTrading": [],
            "BlockTrade": [],
            "Exchange": [],
            "NFT": [],
            "Affiliate": [],
            "Earn": [],
        },
        "ips": list(account.ips),
        "type": 1,
        "deadlineDay": 90,
        "expiredAt": "2100-01-01T00:00:00Z",
        "createdAt": "2024-01-01T00:00:00Z",
        "unified": 0,
        "uta": int(Trait.CLASSIC not in traits),
        "userID": user_id(account.key),
        "inviterID": 0,
        "vipLevel": "No VIP",
        "mktMakerLevel": "0",
        "affiliateID": 0,
        "rsaPublicKey": "",
        "isMaster": True,
        "parentUid": "0",
        "kycLevel": "LEVEL_DEFAULT",
        "kycRegion": "",
    }


def coin_info(call: Call) -> Json:
    """Every coin the markets name; none can be deposited or withdrawn."""
    coins = {name for one in call.exchange.listings.values() for name in (one.base, one.quote, one.settle)}
    wanted = call.text("coin")
    return {
        "rows": [
            {"name": name, "coin": name, "remainAmount": "0", "chains": []}
            for name in sorted(coins)
            if wanted in ("", name)
        ]
    }


def set_leverage(call: Call) -> Json:
    listing = call.listing()
    buy, sell = call.decimal("buyLeverage"), call.decimal("sellLeverage")
    if buy is None or buy != sell:
        raise codes.INVALID_PARAMETER.refusal(call.category, name="buyLeverage")
    refused = call.exchange.set_leverage(call.key, listing.key, buy)
    if refused is not None:
        raise refuse(refused, listing)
    return {}


def switch_mode(call: Call) -> Json:
    """The mode of an account is fixed here; asking for the one it has is Bybit's 110025."""
    hedge = call.account is not None and Trait.HEDGE in call.account.traits
    if (call.integer("mode", 0) == 3) == hedge:
        raise codes.Refusal(110025, "Position mode is not modified")
    raise codes.Refusal(110024, "You have an existing position, so position mode cannot be switched")


def system_status(call: Call) -> Json:
    """Announced maintenance that is not over: `scheduled`, and `ongoing` once it has begun."""
    return {"list": [_maintenance(begin, end, call.now_ns) for begin, end in call.announced]}


def announcements(call: Call) -> Json:
    """The same maintenance as an announcement, and nothing else."""
    said = [
        {
            "title": "System maintenance and upgrade",
            "description": "Trading and queries will not be available.",
            "type": {"title": "Maintenance Updates", "key": "maintenance_updates"},
            "tags": [],
            "url": "",
            "dateTimestamp": begin // 1_000_000,
            "startDateTimestamp": begin // 1_000_000,
            "endDateTimestamp": end // 1_000_000,
        }
        for begin, end in call.announced
    ]
    shown = said if call.text("type") in ("", "maintenance_updates") else []
    return {"total": len(shown), "list": shown}


def _maintenance(begin_ns: int, end_ns: int, now_ns: int) -> Json:
    return {
        "id": f"maintenance-{begin_ns}",
        "title": "Scheduled system maintenance",
        "state": "scheduled" if now_ns < begin_ns else "ongoing",
        "begin": milliseconds(begin_ns),
        "end": milliseconds(end_ns),
        "href": "",
        "serviceTypes": [1, 2, 3, 4, 5],
        "product": [1, 2, 3, 4],
        "uidSuffix": [],
        "maintainType": 1,
        "env": 1,
    }
