"""Strategies for journal records, with integers beyond 64 bits and text of any kind."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

from hypothesis import strategies as st

from deskbot.core import records

_TYPES = {
    int: st.integers(min_value=-(10**40), max_value=10**40),
    str: st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20),
    bool: st.booleans(),
}
_KINDS = tuple(records.Record.__subclasses__())


def _as_written() -> ModuleType:
    """The records from their source: compiled classes do not tell the types of their fields."""
    spec = spec_from_file_location("records_as_written", Path(records.__file__).with_name("records.py"))
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_AS_WRITTEN = _as_written()


def field_types(kind: type[records.Record]) -> dict[str, Any]:
    """The fields of a record with their types."""
    hints = get_type_hints(getattr(_AS_WRITTEN, kind.__name__).__init__)
    del hints["return"]
    return hints


def _of(kind: type[records.Record]) -> st.SearchStrategy[records.Record]:
    return st.builds(kind, **{name: _TYPES[of] for name, of in field_types(kind).items()})


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
    numbers = {name: 1 for name, of in field_types(records.Filled).items() if of is int}
    flags = {name: True for name, of in field_types(records.Filled).items() if of is bool}
    return records.Filled(**{**numbers, **flags, **values})  # type: ignore[arg-type]
