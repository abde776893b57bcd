"""The stub imports: the venue loads with and without them, and they keep the rest of ccxt out of memory."""

import subprocess
import sys
from importlib.metadata import version

import pytest

from deskbot.venues.ccxt_import import VERSION
from deskbot.venues.dialects import ADAPTERS

_MEMORY = 'print(int(next(l for l in open("/proc/self/status") if l.startswith("VmRSS")).split()[1]) // 1024)'
_LOAD = "import sys; from deskbot.venues.ccxt_import import load_errors, load_exchange\n"


def _run(program: str) -> list[str]:
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_the_pinned_version_is_the_installed_one() -> None:
    assert version("ccxt") == VERSION


@pytest.mark.component
@pytest.mark.parametrize("exchange", sorted({exchange for exchange, _ in ADAPTERS}))
def test_a_venue_loads_the_same_with_stubs_and_with_all_of_ccxt(exchange: str) -> None:
    program = f"""{{before}}
{_LOAD}
cls = load_exchange("{exchange}")
made = cls({{{{"number": str}}}})
names = [one for one in dir(made) if not one.startswith("__")]
assert issubclass(cls, sys.modules["ccxt.async_support"].Exchange)
assert sys.modules["ccxt"].NetworkError is load_errors().NetworkError
print(cls.__module__, made.id, len(names), len(made.exceptions["exact"]), "kraken" in dir(sys.modules["ccxt"]))
"""
    stubbed = _run(program.format(before=""))
    whole = _run(program.format(before="import ccxt.pro"))
    assert stubbed[:-1] == whole[:-1]
    assert (stubbed[-1], whole[-1]) == ("False", "True")


@pytest.mark.component
def test_the_blocking_transport_is_left_out_and_still_there_for_others() -> None:
    program = (
        f"{_LOAD}load_exchange('bybit')\nprint('requests' in sys.modules)\nimport requests\nprint(requests.Session)"
    )
    assert _run(program) == ["False", "<class", "'requests.sessions.Session'>"]


@pytest.mark.component
def test_the_stubs_save_most_of_the_memory_of_ccxt() -> None:
    nothing = int(_run(_MEMORY)[0])
    stubbed = int(_run(f'{_LOAD}load_exchange("bybit")\n{_MEMORY}')[0])
    whole = int(_run(f"import ccxt.pro\n{_MEMORY}")[0])
    print(f"resident memory: stubbed {stubbed} MiB, all of ccxt {whole} MiB, python alone {nothing} MiB")
    assert stubbed < 80
    assert stubbed - nothing < 0.7 * (whole - nothing)
