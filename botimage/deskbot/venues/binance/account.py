"""The look at a Binance account before anything trades on it. Everything is read, no account-wide setting is changed.

What must not be is refused with one line that says what to change: a key that may move money or may not trade, hedge
mode, an account that is closed for trading. What may be either way is noted in the log.
"""

from decimal import Decimal
from typing import Any, Final

import structlog

from deskapi.conditions import Reason
from deskbot.core.errors import Blocked
from deskbot.venues.adapter import Row
from deskbot.venues.binance.lists import row_of, rows_of
from deskbot.venues.table.model import SPOT, SWAP

# "Get API Key Permission"
_MOVES_MONEY: Final = ("enableWithdrawals", "enableInternalTransfer", "permitsUniversalTransfer")
_NEEDED: Final = {SPOT: "enableSpotAndMarginTrading", SWAP: "enableFutures"}
_PARTS: Final = ("standardCommission", "specialCommission", "taxCommission")

log = structlog.get_logger(__name__)


def _unsuitable(message: str) -> Blocked:
    return Blocked(Reason.ACCOUNT_UNSUITABLE, message)


async def check_key(exchange: Any, market_type: str) -> None:
    """Raise Blocked for a key that must not be used. The test networks have no such question, and no money to move."""
    if "sapi" not in exchange.urls["api"]:
        log.info("the test network does not tell what a key may do")
        return
    key = row_of(await exchange.sapiGetAccountApiRestrictions(), "enableReading", *_MOVES_MONEY)
    refuse_key(key, market_type)
    log.info("key looked at", ip_list=key.get("ipRestrict"), trades_until_ms=key.get("tradingAuthorityExpirationTime"))


def refuse_key(key: Row, market_type: str) -> None:
    """Raise Blocked for a key that may move money, not read, or not trade this market type."""
    moves = [name for name in _MOVES_MONEY if key.get(name)]
    if moves:
        raise _unsuitable(f"the API key may move money ({', '.join(moves)}): make one that may only read and trade")
    for name in ("enableReading", _NEEDED[market_type]):
        if not key.get(name):
            raise _unsuitable(f"the API key lacks the permission {name} that {market_type} trading needs")


async def check_spot(exchange: Any) -> str:
    """The account's id. Raises Blocked for a spot account that may not trade."""
    account = row_of(await exchange.privateGetAccount({"omitZeroBalances": "true"}), "uid", "canTrade")
    if not account["canTrade"]:
        raise _unsuitable("the venue does not let the account trade")
    return str(account["uid"])


async def check_usdm(exchange: Any) -> str:
    """The account's id. Raises Blocked for a futures account that may not trade, or is in hedge mode."""
    settings = row_of(await exchange.fapiPrivateGetAccountConfig(), "canTrade", "dualSidePosition")
    if not settings["canTrade"]:
        raise _unsuitable("the venue does not let the futures account trade")
    if settings["dualSidePosition"]:
        raise _unsuitable("the futures account is in hedge mode: switch it to one-way mode")
    log.info("account looked at", multi_assets_margin=settings.get("multiAssetsMargin"))
    return await usdm_id(exchange)


async def usdm_id(exchange: Any) -> str:
    """The futures account's id: the venue tells an alias with each balance."""
    rows = rows_of(await exchange.fapiPrivateV3GetBalance())
    aliases = sorted({str(row["accountAlias"]) for row in rows})
    return aliases[0] if aliases else ""


async def spot_id(exchange: Any) -> str:
    """The spot account's id; nothing is looked at besides."""
    return str(row_of(await exchange.privateGetAccount({"omitZeroBalances": "true"}), "uid")["uid"])


async def note_market(exchange: Any, market: str, symbol: str) -> None:
    """Leverage and margin mode of a contract, for the log."""
    for row in rows_of(await exchange.fapiPrivateGetSymbolConfig({"symbol": symbol})):
        log.info("position settings", market=market, leverage=row.get("leverage"), margin=row.get("marginType"))


async def usdm_rates(exchange: Any, symbol: str) -> tuple[str, str]:
    """(maker, taker) of the futures account on one contract."""
    answer = await exchange.fapiPrivateGetCommissionRate({"symbol": symbol})
    row = row_of(answer, "makerCommissionRate", "takerCommissionRate")
    return str(row["makerCommissionRate"]), str(row["takerCommissionRate"])


async def spot_rates(exchange: Any, symbol: str) -> tuple[str, str]:
    """(maker, taker) of the spot account on one market: the sum of its parts, on the dearer side, without discounts."""
    answer = row_of(await exchange.privateGetAccountCommission({"symbol": symbol}), _PARTS[0])
    parts = [answer[name] for name in _PARTS if answer.get(name)]
    side = max(_sum(parts, "buyer"), _sum(parts, "seller"))
    return format(_sum(parts, "maker") + side, "f"), format(_sum(parts, "taker") + side, "f")


def _sum(parts: list[Row], name: str) -> Decimal:
    return sum((Decimal(part.get(name) or 0) for part in parts), Decimal(0))
