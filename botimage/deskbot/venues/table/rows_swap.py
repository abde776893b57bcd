"""Perpetual swaps. Lengths and rules are the venues' documentation; what each call sends is held by tests."""

from dataclasses import replace
from typing import Final

from deskbot.venues.table import rows_spot
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
    VenueRow,
)

BINANCE_USDM: Final = VenueRow(
    exchange="binanceusdm",
    client_ids=replace(rows_spot.BINANCE.client_ids),
    cancel_all=CancelAll((CANCEL_BY_SYMBOL, CANCEL_TRIGGERS), Scope.SYMBOL),  # the second is for algo orders
    book=BookSequence(Sequence.PREVIOUS, checked_by_ccxt=True),
    history=History(window_days=7, rows=1000),
    key_rights=rows_spot.BINANCE.key_rights,
    dead_man=DeadMan(
        arm=Call("fapiPrivatePostCountdownCancelAll", ({"symbol": "{market}", "countdownTime": "{ms}"},)),
        disarm=Call("fapiPrivatePostCountdownCancelAll", ({"symbol": "{market}", "countdownTime": "0"},)),
        shortest=5,
        longest=3_600,
        scope=Scope.SYMBOL,
    ),
    unverified_because="",
)

BYBIT: Final = replace(
    rows_spot.BYBIT,
    cancel_all=CancelAll(
        # without a filter a linear cancel-all takes every kind; the second does not depend on that default
        (CANCEL_BY_SYMBOL, CANCEL_TRIGGERS),
        Scope.SYMBOL,
    ),
    dead_man=DeadMan(
        arm=Call("privatePostV5OrderDisconnectedCancelAll", ({"timeWindow": "{seconds}", "product": "DERIVATIVES"},)),
        disarm=None,
        shortest=3,
        longest=300,
        scope=Scope.CONNECTION,
        topic="dcp.future",
        enquiry=Call("privateGetV5AccountQueryDcpInfo"),
    ),
)

OKX: Final = rows_spot.OKX

KRAKEN_FUTURES: Final = VenueRow(
    exchange="krakenfutures",
    client_ids=ClientIds(
        "clientOrderId",
        "cliOrdId",
        # ccxt asks and cancels by the venue's id alone: orderIds=None
        query=Call("privateGetOrdersStatus", ({"cliOrdIds": "{id}"},)),
        cancel=Call("privatePostCancelorder", ({"cliOrdId": "{id}"},)),
        longest=100,
    ),
    cancel_all=CancelAll((CANCEL_BY_SYMBOL,), Scope.SYMBOL),  # trigger orders are among them
    book=BookSequence(Sequence.COUNTER, checked_by_ccxt=False),
    history=History(rows=100, needs_symbol=False),
    key_rights=None,
    dead_man=DeadMan(
        arm=Call("cancel_all_orders_after", ("{ms}",)),
        disarm=Call("cancel_all_orders_after", (0,)),
        shortest=1,
        longest=86_400,
        scope=Scope.ACCOUNT,
    ),
)

BITGET: Final = replace(rows_spot.BITGET, history=History(window_days=7, back_days=90, rows=100))

GATE: Final = replace(
    rows_spot.GATE,
    dead_man=DeadMan(
        arm=Call("privateFuturesPostSettleCountdownCancelAll", ({"settle": "{settle}", "timeout": "{seconds}"},)),
        disarm=Call("privateFuturesPostSettleCountdownCancelAll", ({"settle": "{settle}", "timeout": "0"},)),
        shortest=5,
        longest=3_600,
        scope=Scope.SETTLE,
    ),
)

HYPERLIQUID: Final = VenueRow(
    exchange="hyperliquid",
    client_ids=ClientIds(
        "clientOrderId",
        "c",
        query=UNIFIED_QUERY,
        cancel=UNIFIED_CANCEL,
        longest=34,
        alphabet="0-9a-fx",
        form=Form.HEX_0X,
    ),
    cancel_all=CancelAll((), Scope.SYMBOL, batch=20),
    book=BookSequence(Sequence.WHOLE, checked_by_ccxt=True),
    history=History(rows=2000, needs_symbol=False),
    key_rights=None,  # an agent wallet cannot withdraw; a main wallet's key can, and nothing tells them apart
    dead_man=DeadMan(
        arm=Call("cancel_all_orders_after", ("{ms}",)),
        disarm=None,  # a time of 0 becomes "now", which the venue refuses
        shortest=5,
        longest=86_400,
        scope=Scope.ACCOUNT,
    ),
    # Unless told otherwise ccxt signs the approval of a fee for its builder, and a referrer, before the first order.
    options={"builderFee": False, "approvedBuilderFee": True, "refSet": True},
)

DERIBIT: Final = VenueRow(
    exchange="deribit",
    client_ids=ClientIds(
        "label",  # the unified name is sent on as a parameter the venue does not know
        "label",
        query=Call("privateGetGetOrderStateByLabel", ({"currency": "{settle}", "label": "{id}"},)),
        cancel=Call("privateGetCancelByLabel", ({"currency": "{settle}", "label": "{id}"},)),
        longest=64,
    ),
    cancel_all=CancelAll((CANCEL_BY_SYMBOL,), Scope.SYMBOL),
    book=BookSequence(Sequence.PREVIOUS, checked_by_ccxt=False),
    history=History(rows=100),
    key_rights=KeyRights(Call("privateGetListApiKeys"), ("wallet:read_write",)),
    dead_man=DeadMan(
        arm=Call("privateGetEnableCancelOnDisconnect", ({"scope": "connection"},)),
        disarm=Call("privateGetDisableCancelOnDisconnect", ({"scope": "connection"},)),
        shortest=0,
        longest=0,
        scope=Scope.CONNECTION,
    ),
)

HTX: Final = replace(
    rows_spot.HTX,
    client_ids=ClientIds(
        "clientOrderId",  # whole numbers only: anything else goes on under a name the venue does not read
        "client_order_id",
        query=None,
        cancel=None,
        longest=18,
        alphabet="0-9",
    ),
    cancel_all=CancelAll((CANCEL_BY_SYMBOL,), Scope.SYMBOL),  # `trigger` is dropped in silence
    dead_man=None,  # of spot only, as far as is known
    unverified_because="its contracts take client ids of whole numbers only, which ours are not",
)

MEXC: Final = VenueRow(
    exchange="mexc",
    client_ids=ClientIds(
        "clientOrderId",
        "externalOid",
        # ccxt asks for order/get/None and cancels [null]
        query=Call(
            "contractPrivateGetOrderExternalSymbolExternalOid", ({"symbol": "{market}", "external_oid": "{id}"},)
        ),
        cancel=Call("contractPrivatePostOrderCancelWithExternal", ({"symbol": "{market}", "externalOid": "{id}"},)),
        longest=32,
    ),
    # `trigger` is not understood: plan orders need the name of the method
    cancel_all=CancelAll(
        (
            CANCEL_BY_SYMBOL,
            Call("cancel_all_orders", ("{symbol}", {"method": "contractPrivatePostPlanorderCancelAll"})),
        ),
        Scope.SYMBOL,
    ),
    book=BookSequence(Sequence.CONTIGUOUS, checked_by_ccxt=False),
    history=History(back_days=30, rows=100),
    key_rights=rows_spot.MEXC.key_rights,
)

ROWS: Final = (BINANCE_USDM, BYBIT, OKX, KRAKEN_FUTURES, BITGET, GATE, HYPERLIQUID, DERIBIT, HTX, MEXC)
