"""Whether a live object still has all that was applied, whatever the server defaulted and others added."""

import re
from decimal import Decimal
from typing import Any

_QUANTITY = re.compile(r"([0-9]*[.]?[0-9]+)(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?[0-9]+))?")
_BINARY = {f"{letter}i": Decimal(1024) ** (power + 1) for power, letter in enumerate("KMGTPE")}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
# Lists that the API server merges by the element's key; all others are replaced as a whole.
_LIST_KEYS = {
    "containers": "name",
    "env": "name",
    "ports": "containerPort",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "ownerReferences": "uid",
}


def contains(live: Any, desired: Any, field: str = "") -> bool:
    """Whether `live` has every value of `desired`. More of its own is no difference, except in a list without a key."""
    if isinstance(desired, dict):
        return isinstance(live, dict) and all(
            name in live and contains(live[name], value, name) for name, value in desired.items()
        )
    if isinstance(desired, list):
        return isinstance(live, list) and _list_contains(live, desired, field)
    return bool(live == desired) or _equal_quantities(live, desired)


def _list_contains(live: list[Any], desired: list[Any], field: str) -> bool:
    key = _LIST_KEYS.get(field)
    if key is None:
        return len(live) == len(desired) and all(map(contains, live, desired))
    found = {item.get(key): item for item in live}
    return all(item[key] in found and contains(found[item[key]], item) for item in desired)


def _equal_quantities(live: Any, desired: Any) -> bool:
    """The API server writes quantities in its own form: `1000m` comes back as `1`."""
    if isinstance(live, bool) or isinstance(desired, bool):
        return False
    values = [_quantity(str(value)) for value in (live, desired)]
    return values[0] is not None and values[0] == values[1]


def _quantity(text: str) -> Decimal | None:
    found = _QUANTITY.fullmatch(text)
    if found is None:
        return None
    number, binary, decimal, exponent = found.groups()
    if binary:
        return Decimal(number) * _BINARY[binary]
    return Decimal(number).scaleb(_DECIMAL[decimal] if decimal else int(exponent or 0))
