"""The tree that mutmut works on: packages and tests side by side in `build/mutation`, brought up to date in place.

What was found out about a mutant stays in the stage. It holds as long as nothing staged has changed: then a run that
was broken off is taken up where it stopped. After a change everything is tried anew, or, when asked, only what was not
found.
"""

import hashlib
import json
import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
STAGE = ROOT / "build" / "mutation"
MUTANTS = STAGE / "mutants"
PACKAGES = ("crds/deskapi", "botimage/deskbot", "strategies/deskstrategies")
FINGERPRINT = STAGE / "fingerprint"

# Not run: tests that read the source and would not see a mutant, and the long lives that are only compared with
# themselves (two times the same mistake is the same).
_LEFT_OUT = (
    "tests/core/test_gate.py::test_every_check_of_the_envelope_is_there_in_order_and_in_the_table",
    "tests/core/test_order_machine.py::test_only_the_table_moves_an_order",
    "tests/core/test_records.py",
    "tests/core/test_snapshot.py",
)
# Fewer examples than usual, always the same: a mutant is found by what it does, not by luck. The tests that found other
# mutants of the same function go first, then the short ones.
_CONFTEST = """
import json
import os
from collections import Counter
from pathlib import Path
from hypothesis import HealthCheck, settings
EXAMPLES, OWN = 12, "_hypothesis_internal_use_settings"
settings.register_profile(
    "mutation", deadline=None, max_examples=EXAMPLES, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("mutation")
FINDERS, STATS = Path("finders"), Path("mutmut-stats.json")

def function():
    return os.environ.get("MUTANT_UNDER_TEST", "").rpartition("__mutmut_")[0]

def pytest_runtest_logreport(report):
    if report.failed and function():
        with FINDERS.open("a") as found:
            print(function(), report.nodeid, file=found)

def pytest_collection_modifyitems(items):
    for test in {item.obj for item in items if hasattr(item.obj, OWN)}:
        own = getattr(test, OWN)
        setattr(test, OWN, settings(own, max_examples=min(EXAMPLES, own.max_examples)))
    seconds = json.loads(STATS.read_text())["duration_by_test"] if STATS.exists() else {}
    found = Counter(FINDERS.read_text().splitlines() if FINDERS.exists() else [])
    items.sort(key=lambda item: (-found[f"{function()} {item.nodeid}"], seconds.get(item.nodeid, 0)))
"""
_SETTINGS = """
[tool.mutmut]
source_paths = ["deskbot", "deskapi", "deskstrategies"]
only_mutate = {files}
also_copy = ["docs"]
pytest_add_cli_args = ["-q", "-x", "-p", "no:cacheprovider", "-m", "not component"{left_out}]
pytest_add_cli_args_test_selection = ["tests/core"]
type_check_command = {type_check}
use_git_change_detection = false

[tool.pytest.ini_options]
addopts = ["--import-mode=importlib"]
pythonpath = ["."]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
timeout = 120
markers = ["component: not run here", "control(*ids): of no importance here"]

[tool.mypy]
strict = true
warn_unreachable = true
python_version = "3.11"
plugins = ["pydantic.mypy"]
"""


def stage(files: list[str], type_check: list[str]) -> bool:
    """Bring the stage up to date; whether what was found out before still holds."""
    wanted = {**_sources(), **_texts(files, type_check)}
    for path in [path for path in _present() if path not in wanted]:
        (STAGE / path).unlink()
        (MUTANTS / path).unlink(missing_ok=True)
    for path, content in wanted.items():
        target = STAGE / path
        if not target.exists() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    for file in files:  # made anew: one that was not asked for the last time is there as it is in the source
        (MUTANTS / file).unlink(missing_ok=True)
    (MUTANTS / "mutmut-stats.json").unlink(missing_ok=True)  # which test runs what is measured anew
    return _same_as_before(wanted)


def _sources() -> dict[Path, bytes]:
    """Path on the stage -> content, of all that is copied."""
    folders = [(ROOT / package, Path(package).name) for package in PACKAGES]
    folders += [(ROOT / name, name) for name in ("tests", "docs")]  # some tests hold a page to the code
    return {
        Path(name) / path.relative_to(folder): path.read_bytes()
        for folder, name in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and Path(__file__).parent not in path.parents
    }


def _texts(files: list[str], type_check: list[str]) -> dict[Path, bytes]:
    left_out = "".join(f', "--deselect", "{name}"' for name in _LEFT_OUT)
    written = _SETTINGS.format(files=json.dumps(files), type_check=json.dumps(type_check), left_out=left_out)
    return {Path("pyproject.toml"): written.encode(), Path("tests", "conftest.py"): _CONFTEST.encode()}


def _present() -> list[Path]:
    folders = [STAGE / name for name in ("deskapi", "deskbot", "deskstrategies", "tests", "docs")]
    found = [path for folder in folders for path in folder.rglob("*")]
    return [path.relative_to(STAGE) for path in found if path.is_file() and "__pycache__" not in path.parts]


def _same_as_before(wanted: dict[Path, bytes]) -> bool:
    digest = hashlib.sha256()
    for path, content in sorted(wanted.items()):
        if path != Path("pyproject.toml"):  # which modules are asked for says nothing about the others
            digest.update(f"{path}\0{len(content)}\0".encode() + content)
    same = FINGERPRINT.exists() and FINGERPRINT.read_text() == digest.hexdigest()
    FINGERPRINT.write_text(digest.hexdigest())
    return same


def forget(only_unfound: bool) -> None:
    """Try every mutant anew, or those that no test found."""
    for path in MUTANTS.rglob("*.meta"):
        known = json.loads(path.read_text())
        codes = known["exit_code_by_key"]
        known["exit_code_by_key"] = {
            name: code if only_unfound and code not in (0, 33) else None for name, code in codes.items()
        }
        path.write_text(json.dumps(known, indent=4))


def clear() -> None:
    """Remove the stage."""
    shutil.rmtree(STAGE, ignore_errors=True)
