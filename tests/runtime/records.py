"""Strategies for journal records, with integers beyond 64 bits and text of any kind."""

from dataclasses import fields

from hypothesis import strategies as st

from deskbot.core import records

_TYPES = {
    int: st.integers(min_value=-(10**40), max_value=10**40),
    str: st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20),
    bool: st.booleans(),
}
_KINDS = records.Record.__args__


def _of(kind: type[records.Record]) -> st.SearchStrategy[records.Record]:
    return st.builds(kind, **{field.name: _TYPES[field.type] for field in fields(kind)})  # type: ignore[index]


any_record = st.one_of([_of(kind) for kind in _KINDS])


def unique_fills(batch: list[records.Record]) -> list[records.Record]:
    """A batch without executions that are named twice, as the engine would make it."""
    seen: set[tuple[str, str]] = set()
    out: list[records.Record] = []
    for record in batch:
        key = (record.market, record.trade_id) if isinstance(record, records.Filled) else None
        if key is None or key not in seen:
            out.append(record)
        if key is not None:
            seen.add(key)
    return out


def intent(number: int) -> records.Intent:
    """An intent that is told from others by its number."""
    return records.Intent(number, f"d{number:027d}", "BTC/USDT:USDT", 1, 500_000, 3, True, False, 0)


def filled(trade_id: str) -> records.Filled:
    """An execution of ours."""
    values = {"at": 1, "market": "BTC/USDT:USDT", "trade_id": trade_id, "client_id": "d1", "fee_asset": "USDT"}
    numbers = {f.name: 1 for f in fields(records.Filled) if f.type is int}
    flags = {f.name: True for f in fields(records.Filled) if f.type is bool}
    return records.Filled(**{**numbers, **flags, **values})  # type: ignore[arg-type]
