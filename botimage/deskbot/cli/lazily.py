"""Imports at the moment of need: neither the table of a terminal nor the simulator is paid for in a pod."""

from importlib import import_module
from typing import Any


def imported(module: str) -> Any:
    """A module of ours by its name."""
    return import_module(module)
