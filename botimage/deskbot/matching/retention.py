"""How much of the past an exchange keeps: the newest orders and executions of each account, and every sum.

A venue's own lists end too (Bybit: two years of executions, 500 recent closed orders in `order/realtime`). What is
dropped stays in the ledgers; `opening` holds them as they were before the first execution that is still listed, so that
any later state can be added up again from there.
"""

from typing import TYPE_CHECKING

from deskbot.matching.orders import FINAL

if TYPE_CHECKING:
    from deskbot.matching.accounts import Account

ORDERS_KEPT = 20_000
EXECUTIONS_KEPT = 50_000
SLACK = 1.1


def trim(account: "Account", orders_kept: int = ORDERS_KEPT, executions_kept: int = EXECUTIONS_KEPT) -> None:
    """Drop what is beyond the limits, oldest first, a tenth at a time; open orders are never dropped."""
    if len(account.orders) > orders_kept * SLACK:
        _trim_orders(account, len(account.orders) - orders_kept)
    if len(account.executions) + len(account.fundings) > executions_kept * SLACK:
        _trim_executions(account, len(account.executions) + len(account.fundings) - executions_kept)


def _trim_orders(account: "Account", excess: int) -> None:
    for order in [order for order in account.orders.values() if order.status in FINAL][:excess]:
        del account.orders[order.order_id]
        if account.links.get(order.link_id) == order.order_id:
            del account.links[order.link_id]


def _trim_executions(account: "Account", excess: int) -> None:
    """The oldest of fills and fundings together go into the opening ledgers, in the order in which they happened."""
    last = sorted(one.sequence for kept in (account.executions, account.fundings) for one in kept)[excess - 1]
    for fill in account.executions:
        if fill.sequence > last:
            break
        ledger = account.opening_ledger(fill.market)
        ledger.fill(fill.side, fill.ticks, fill.lots, fill.fee_units, fill.fee_asset, fill.origin)
        account.executions_dropped += 1
    for paid in account.fundings:
        if paid.sequence <= last:
            account.opening_ledger(paid.market).fund(paid.paid_units)
    account.executions = [fill for fill in account.executions if fill.sequence > last]
    account.fundings = [paid for paid in account.fundings if paid.sequence > last]
