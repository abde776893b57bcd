"""The reference workload as a plain loop: no engine, no orders but a price on each side, exact fractions."""

from fractions import Fraction

from deskbot.bench.tape import Piece

TICK_LOT_USDT = Fraction(1, 1000)  # a tick of 0.1 USDT times 0.01 BTC
FEE = Fraction(2, 10_000)
CAP = 10  # orders of 0.01 BTC


def reference(tape: Piece, requote: Fraction, offset: Fraction) -> tuple[int, int, Fraction, int]:
    """Orders, fills, PnL in USDT and position in orders."""
    orders = fills = position = 0
    cash = paid = reference_mid = Fraction(0)
    bid_price: int | None = None
    ask_price: int | None = None
    for bid, ask in zip(tape[1], tape[2], strict=True):
        if bid_price is not None and ask <= bid_price:
            fills, position, cash, paid = fills + 1, position + 1, cash - bid_price, paid + FEE * bid_price
            bid_price = None
        if ask_price is not None and bid >= ask_price:
            fills, position, cash, paid = fills + 1, position - 1, cash + ask_price, paid + FEE * ask_price
            ask_price = None
        mid = Fraction(bid + ask, 2)
        wants = (position < CAP, position > -CAP)
        live = (bid_price is not None or not wants[0]) and (ask_price is not None or not wants[1])
        if abs(mid - reference_mid) <= requote * reference_mid and live:
            continue
        bid_price = (mid * (1 - offset)) // 1 if wants[0] else None
        ask_price = -((-mid * (1 + offset)) // 1) if wants[1] else None
        orders, reference_mid = orders + sum(wants), mid
    return orders, fills, (cash - paid + position * mid) * TICK_LOT_USDT, position
