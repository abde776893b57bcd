"""The look at a Bybit account before anything trades on it. Everything is read, no account-wide setting is changed.

What must not be is refused with one line that says what to change: a key that may move money or only read, a classic
account, hedge mode, a clock that is off. What may be either way (margin mode, leverage, IP list, the key's last day) is
noted in the log.
"""

from typing import Any, Final

import structlog

from deskapi.conditions import Reason
from deskbot.core.errors import Blocked
from deskbot.venues.adapter import Row
from deskbot.venues.bybit.dialect import BYBIT
from deskbot.venues.bybit.lists import pages, result_of, rows_of
from deskbot.venues.table.model import SPOT, SWAP

# permissions of account key information, Bybit v5 "Get API Key Information"
_MOVES_MONEY: Final = ("Withdraw", "AccountTransfer", "SubMemberTransfer", "SubMemberTransferList")
_NEEDED: Final = {SPOT: (("Spot", "SpotTrade"),), SWAP: (("ContractTrade", "Order"), ("ContractTrade", "Position"))}
_UNIFIED: Final = {3, 4, 5, 6}  # unifiedMarginStatus: UTA 1.0, 1.0 pro, 2.0, 2.0 pro; 1 is a classic account

log = structlog.get_logger(__name__)


def _unsuitable(message: str) -> Blocked:
    return Blocked(Reason.ACCOUNT_UNSUITABLE, message)


async def check_key(exchange: Any, market_type: str) -> str:
    """The account id as the venue tells it. Raises Blocked for a key or an account that must not be used."""
    key = result_of(await exchange.privateGetV5UserQueryApi())
    account = result_of(await exchange.privateGetV5AccountInfo())
    refuse_key(key, market_type)
    refuse_account(account)
    log.info(
        "account looked at",
        account_id=str(key["userID"]),
        margin_mode=account.get("marginMode"),
        ip_list=[one for one in key.get("ips") or [] if one != "*"],
        key_days_left=key.get("deadlineDay"),
    )
    return str(key["userID"])


async def account_id(exchange: Any) -> str:
    """The account id as the venue tells it; nothing is looked at besides."""
    return str(result_of(await exchange.privateGetV5UserQueryApi())["userID"])


def refuse_key(key: Row, market_type: str) -> None:
    """Raise Blocked for a key that may move money, only read, or not trade this market type."""
    permissions = key.get("permissions") or {}
    moves = [name for name in permissions.get("Wallet") or [] if name in _MOVES_MONEY]
    if moves:
        raise _unsuitable(f"the API key may move money ({', '.join(moves)}): make one without Wallet permissions")
    if int(key.get("readOnly") or 0) != 0:
        raise _unsuitable("the API key is read-only: make one that may read and write")
    for group, name in _NEEDED[market_type]:
        if name not in (permissions.get(group) or []):
            raise _unsuitable(f"the API key lacks the permission {group}/{name} that {market_type} trading needs")


def refuse_account(account: Row) -> None:
    """Raise Blocked for an account that is not a unified one."""
    if int(account.get("unifiedMarginStatus") or 0) not in _UNIFIED:
        raise _unsuitable("the account is not a unified trading account: upgrade it, or use another one")


async def check_position_mode(exchange: Any, market: str, symbol: str) -> None:
    """Raise Blocked for a market in hedge mode (one-way is positionIdx 0; there is no other way to ask)."""
    rows = await pages(exchange.privateGetV5PositionList, {"category": BYBIT.categories[SWAP], "symbol": symbol})
    if any(int(row.get("positionIdx") or 0) != 0 for row in rows):
        raise _unsuitable(f"{market} is in hedge mode on the account: switch it to one-way mode")
    for row in rows:
        log.info("position settings", market=market, leverage=row.get("leverage"), trade_mode=row.get("tradeMode"))


async def fee_rates(exchange: Any, market_type: str, symbol: str) -> tuple[str, str]:
    """(maker, taker) of the account on one market; what ccxt states for a market are its own defaults."""
    query = {"category": BYBIT.categories[market_type], "symbol": symbol}
    for row in rows_of(await exchange.privateGetV5AccountFeeRate(query)):
        if row.get("symbol") in (symbol, "", None):
            return str(row["makerFeeRate"]), str(row["takerFeeRate"])
    raise _unsuitable(f"the venue states no fee rate of the account for {symbol}")
