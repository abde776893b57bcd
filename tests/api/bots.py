"""Bots for the tests: the example of the repository, and changes to it by path."""

import copy
from pathlib import Path
from typing import Any, Final

from deskapi import load_manifest

ROOT = Path(__file__).parents[2]
REMOVED: Final = object()


def example() -> dict[str, Any]:
    """The bot of `examples/bot.yaml`: Testnet, Swap, everything valid."""
    bot, _ = load_manifest((ROOT / "examples" / "bot.yaml").read_text())
    return copy.deepcopy(bot)


def changed(changes: dict[str, Any], name: str = "bot1") -> dict[str, Any]:
    """The example with fields set or `REMOVED`; a path is written `spec.strategies.0.enabled`."""
    bot = example()
    bot["metadata"]["name"] = name
    for path, value in changes.items():
        *parents, last = path.split(".")
        node: Any = bot
        for part in parents:
            node = node[int(part)] if part.isdigit() else node.setdefault(part, {})
        if value is REMOVED:
            del node[last]
        else:
            node[int(last) if last.isdigit() else last] = value
    return bot


def spot(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """Changes that make the example a Spot bot."""
    return {"spec.venue.marketType": "Spot", "spec.markets": ["BTC/USDT"], **(changes or {})}
