"""Spot markets. Lengths and rules are the venues' documentation; what each call sends is held by tests."""

from typing import Final

from deskbot.venues.table.calls import CANCEL_BY_SYMBOL, CANCEL_TRIGGERS, UNIFIED_CANCEL, UNIFIED_QUERY
from deskbot.venues.table.model import (
    BookSequence,
    Call,
    CancelAll,
    ClientIds,
    DeadMan,
    Form,
    History,
    KeyRights,
    Scope,
    Sequence,
    Unique,
    VenueRow,
)


def _unified(wire: str, longest: int, alphabet: str = "0-9A-Za-z_-", unique: Unique = Unique.EVER) -> ClientIds:
    return ClientIds("clientOrderId", wire, UNIFIED_QUERY, UNIFIED_CANCEL, longest, alphabet, unique=unique)


BINANCE: Final = VenueRow(
    exchange="binance",
    # "Duplicate order sent" is said among open orders only: a re-send after an unseen fill is a second order.
    client_ids=_unified("newClientOrderId", 36, ".A-Z:/a-z0-9_-", Unique.OPEN),
    cancel_all=CancelAll((CANCEL_BY_SYMBOL,), Scope.SYMBOL),  # one call takes trigger orders too
    book=BookSequence(Sequence.CONTIGUOUS, checked_by_ccxt=True),
    history=History(window_days=1, rows=1000),
    key_rights=KeyRights(
        Call("sapiGetAccountApiRestrictions"),
        ("enableWithdrawals", "enableInternalTransfer", "permitsUniversalTransfer"),
    ),
    unverified_because="",
)

BYBIT: Final = VenueRow(
    exchange="bybit",
    client_ids=ClientIds(
        "clientOrderId",
        "orderLinkId",
        # by the unified name ccxt sends orderId=None and an unknown clientOrderId
        query=Call("fetch_open_orders", ("{symbol}", None, None, {"orderLinkId": "{id}"})),
        cancel=Call("cancel_order", (None, "{symbol}", {"orderLinkId": "{id}"})),
        longest=36,
    ),
    # ccxt's `trigger` is StopOrder only; the other kinds of conditional spot orders need calls of their own
    cancel_all=CancelAll(
        tuple(
            Call("cancel_all_orders", ("{symbol}", {"orderFilter": name}))
            for name in ("Order", "StopOrder", "tpslOrder", "OcoOrder", "BidirectionalTpslOrder")
        ),
        Scope.SYMBOL,
    ),
    book=BookSequence(Sequence.COUNTER, checked_by_ccxt=False),
    history=History(window_days=7, back_days=730, rows=100, needs_symbol=False),
    key_rights=KeyRights(Call("privateGetV5UserQueryApi"), ("Withdraw", "AccountTransfer", "SubMemberTransfer")),
    dead_man=DeadMan(
        # unless told the product, ccxt arms DERIVATIVES for a spot bot too
        arm=Call("privatePostV5OrderDisconnectedCancelAll", ({"timeWindow": "{seconds}", "product": "SPOT"},)),
        disarm=None,
        shortest=3,
        longest=300,
        scope=Scope.CONNECTION,
        topic="dcp.spot",
        enquiry=Call("privateGetV5AccountQueryDcpInfo"),
    ),
    unverified_because="",
)

OKX: Final = VenueRow(
    exchange="okx",
    client_ids=_unified("clOrdId", 32, "0-9A-Za-z"),
    cancel_all=CancelAll((), Scope.SYMBOL, batch=20),
    book=BookSequence(Sequence.PREVIOUS, checked_by_ccxt=True),
    history=History(back_days=90, rows=100, needs_symbol=False),
    key_rights=KeyRights(Call("privateGetAccountConfig"), ("withdraw",)),
    dead_man=DeadMan(
        arm=Call("cancel_all_orders_after", ("{ms}",)),
        disarm=Call("cancel_all_orders_after", (0,)),
        shortest=10,
        longest=120,
        scope=Scope.ACCOUNT,
    ),
)

KRAKEN: Final = VenueRow(
    exchange="kraken",
    client_ids=ClientIds(
        "clientOrderId",
        "cl_ord_id",
        # ccxt's fetch_order sends the unified name as `userref`, which is an integer
        query=Call("privatePostQueryOrders", ({"cl_ord_id": "{id}"},)),
        cancel=Call("cancel_order", (None, "{symbol}", {"clientOrderId": "{id}"})),
        longest=32,  # free text ends after 18 characters; 32 hexadecimal digits are a short UUID
        alphabet="0-9a-f",
        form=Form.HEX,
        unique=Unique.OPEN,
    ),
    cancel_all=CancelAll((Call("cancel_all_orders"),), Scope.ACCOUNT),  # a symbol would be ignored in silence
    book=BookSequence(Sequence.CHECKSUM, checked_by_ccxt=False),
    history=History(rows=50, needs_symbol=False),
    key_rights=KeyRights(Call("privatePostGetApiKeyInfo"), ("withdraw-funds", "add-withdraw-address")),
    dead_man=DeadMan(
        arm=Call("cancel_all_orders_after", ("{ms}",)),
        disarm=Call("cancel_all_orders_after", (0,)),
        shortest=1,
        longest=86_400,
        scope=Scope.ACCOUNT,
    ),
)

COINBASE: Final = VenueRow(
    exchange="coinbase",
    client_ids=ClientIds(
        "client_order_id",  # the unified name is replaced by an id of ccxt's own, in silence
        "client_order_id",
        query=None,
        cancel=None,
        longest=128,
    ),
    cancel_all=CancelAll((), Scope.SYMBOL, batch=100),
    book=BookSequence(Sequence.COUNTER, checked_by_ccxt=False),
    history=History(rows=100, needs_symbol=False),
    key_rights=KeyRights(Call("v3PrivateGetBrokerageKeyPermissions"), ("can_transfer",)),
)

BITGET: Final = VenueRow(
    exchange="bitget",
    client_ids=_unified("clientOid", 32),
    # a unified account drops `trigger` in silence, a classic one needs it
    cancel_all=CancelAll((CANCEL_BY_SYMBOL, CANCEL_TRIGGERS), Scope.SYMBOL),
    book=BookSequence(Sequence.CHECKSUM, checked_by_ccxt=True),
    history=History(back_days=90, rows=100),
    key_rights=None,
    dead_man=DeadMan(
        arm=Call("privateUtaPostV3TradeCountdownCancelAll", ({"countdown": "{seconds}"},)),
        disarm=Call("privateUtaPostV3TradeCountdownCancelAll", ({"countdown": "0"},)),
        shortest=5,
        longest=60,
        scope=Scope.ACCOUNT,
    ),
)

GATE: Final = VenueRow(
    exchange="gate",
    client_ids=ClientIds(
        "clientOrderId",  # ccxt puts the `t-` before it, here alone
        "text",
        query=Call("fetch_order", ("{id}", "{symbol}")),
        cancel=Call("cancel_order", ("{id}", "{symbol}")),  # the unified name would end in orders/None
        longest=30,
        alphabet="0-9A-Za-z_.-",
        form=Form.T_DASH,
    ),
    cancel_all=CancelAll((CANCEL_BY_SYMBOL, CANCEL_TRIGGERS), Scope.SYMBOL),
    book=BookSequence(Sequence.CONTIGUOUS, checked_by_ccxt=True),
    history=History(window_days=30, rows=1000, needs_symbol=False),
    key_rights=KeyRights(Call("privateAccountGetMainKeys"), ("withdraw",)),
    dead_man=DeadMan(
        arm=Call("privateSpotPostCountdownCancelAll", ({"timeout": "{seconds}"},)),
        disarm=Call("privateSpotPostCountdownCancelAll", ({"timeout": "0"},)),
        shortest=5,
        longest=3_600,
        scope=Scope.ACCOUNT,
    ),
)

KUCOIN: Final = VenueRow(
    exchange="kucoin",
    client_ids=_unified("clientOid", 40),
    cancel_all=CancelAll((CANCEL_BY_SYMBOL, CANCEL_TRIGGERS), Scope.SYMBOL),
    book=BookSequence(Sequence.CONTIGUOUS, checked_by_ccxt=False),
    history=History(window_days=7, rows=500),
    key_rights=KeyRights(Call("privateGetUserApiKey"), ("Withdrawal", "Transfer", "FlexTransfers")),
    dead_man=DeadMan(
        arm=Call("privatePostHfOrdersDeadCancelAll", ({"timeout": "{seconds}"},)),
        disarm=Call("privatePostHfOrdersDeadCancelAll", ({"timeout": "-1"},)),
        shortest=5,
        longest=86_400,
        scope=Scope.ACCOUNT,
    ),
)

HTX: Final = VenueRow(
    exchange="htx",
    client_ids=_unified("client-order-id", 64, unique=Unique.NEVER),  # no longer checked since May 2021
    cancel_all=CancelAll((CANCEL_BY_SYMBOL,), Scope.SYMBOL),
    book=BookSequence(Sequence.PREVIOUS, checked_by_ccxt=True),
    history=History(window_days=2, back_days=120, rows=500, needs_symbol=False),
    key_rights=KeyRights(Call("v2PrivateGetUserApiKey"), ("withdraw",)),
    dead_man=DeadMan(
        arm=Call("cancel_all_orders_after", ("{ms}",)),
        disarm=Call("cancel_all_orders_after", (0,)),
        shortest=5,
        longest=86_400,
        scope=Scope.ACCOUNT,
    ),
)

MEXC: Final = VenueRow(
    exchange="mexc",
    client_ids=_unified("newClientOrderId", 32),
    cancel_all=CancelAll((CANCEL_BY_SYMBOL,), Scope.SYMBOL),
    book=BookSequence(Sequence.CONTIGUOUS, checked_by_ccxt=False),
    history=History(back_days=30, rows=100),
    key_rights=KeyRights(Call("spotPrivateGetApiKeyInfo"), ("SPOT_WITHDRAW_WRITE", "SPOT_TRANSFER_WRITE")),
)

ROWS: Final = (BINANCE, BYBIT, OKX, KRAKEN, COINBASE, BITGET, GATE, KUCOIN, HTX, MEXC)
