"""ccxt without its hundred other exchanges: half the memory and half the time of `import ccxt.pro`.

`import ccxt.pro` imports every exchange in three flavours. Three empty modules that stand in the module table under the
names of ccxt's packages, with the real folders as their paths, keep those `__init__` files from running; what the
venue's own modules take from the packages (the errors, the base `Exchange`) is attached by hand. It depends on ccxt's
internals, hence the pinned version and a test that loads the venue both ways. Where ccxt is already imported as usual,
that one is used. This is the only place that imports ccxt.

The base `Exchange` also imports `requests` for its blocking flavour, which is never used here: 100 modules, 5 MiB.
While it is being imported an empty stand-in takes that name, and then gives it back.
"""

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

VERSION = "4.5.90"
_PACKAGES = ("ccxt", "ccxt.async_support", "ccxt.pro")
_FAMILY = {"binanceusdm": "binance"}  # an exchange whose class is made from another's
_BLOCKING_ERRORS = ("HTTPError", "Timeout", "TooManyRedirects", "RequestException", "ConnectionError")


def _stub(name: str) -> ModuleType:
    root = importlib.util.find_spec("ccxt")
    if root is None or root.submodule_search_locations is None:
        raise ModuleNotFoundError('ccxt is not installed; install the extra "bot"')
    folder = "/".join([next(iter(root.submodule_search_locations)), *name.split(".")[1:]])
    module = ModuleType(name)
    module.__path__ = [folder]
    module.__dict__["__version__"] = VERSION
    return module


@contextmanager
def _no_blocking_transport() -> Iterator[None]:
    if "requests" in sys.modules:
        yield
        return
    stand_ins = {name: ModuleType(name) for name in ("requests", "requests.utils", "requests.exceptions")}
    package, utils, errors = stand_ins.values()
    package.__dict__.update(Session=None, utils=utils, exceptions=errors)
    utils.__dict__["default_user_agent"] = lambda: "tradingdesk"  # what every request of ccxt then says it is
    errors.__dict__.update({name: type(name, (Exception,), {}) for name in _BLOCKING_ERRORS})
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name in stand_ins:
            del sys.modules[name]


def _prepare() -> None:
    if "ccxt" in sys.modules:
        return
    with _no_blocking_transport():
        _put_stubs()


def _put_stubs() -> None:
    stubs = {name: _stub(name) for name in _PACKAGES}
    sys.modules.update(stubs)
    root, rest, streams = stubs.values()
    root.__dict__.update(async_support=rest, pro=streams)
    errors = importlib.import_module("ccxt.base.errors")
    for stub in stubs.values():
        stub.__dict__.update({name: value for name, value in vars(errors).items() if isinstance(value, type)})
    root.__dict__["Exchange"] = importlib.import_module("ccxt.base.exchange").Exchange
    rest.__dict__["Exchange"] = importlib.import_module("ccxt.async_support.base.exchange").Exchange


def load_errors() -> Any:
    """The module of ccxt's exception classes."""
    _prepare()
    return importlib.import_module("ccxt.base.errors")


def load_exchange(name: str) -> Any:
    """ccxt.pro's class of one exchange."""
    _prepare()
    if name in _FAMILY:
        load_exchange(_FAMILY[name])
    for package in ("ccxt.async_support", "ccxt.pro"):
        owner = importlib.import_module(package)
        setattr(owner, name, getattr(importlib.import_module(f"{package}.{name}"), name))
    return getattr(sys.modules["ccxt.pro"], name)
