"""`desk run --venue endpoint` where it must not trade: one line that says why, status 2 or 1, nothing sent or lost."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.runtime.processes import DESK, get, simulator
from tests.runtime.world import SECRET, manifest

pytestmark = pytest.mark.component

ACCOUNTS = {
    "plain": "plain-key:plain-secret:USDT=10000",
    "hedge": "hedge-key:hedge-secret:USDT=10000:hedge",
    "withdraw": "withdraw-key:withdraw-secret:USDT=10000:withdraw",
    "read only": "readonly-key:readonly-secret:USDT=10000:readonly",
}
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    accounts = [part for account in ACCOUNTS.values() for part in ("--account", account)]
    with simulator(tmp_path_factory.mktemp("venue"), *accounts) as address:
        yield address


def write(folder: Path, endpoint: str, key: str, secret: str, **changes: Any) -> Path:
    file = folder / "bot.yaml"
    place = {**manifest()["spec"]["venue"], "endpoint": endpoint}
    keys = {**SECRET, "stringData": {"apiKey": key, "secret": secret}}
    file.write_text(yaml.safe_dump_all([manifest(**{"venue": place, **changes}), keys]))
    return file


def complaint(file: Path, *arguments: str) -> tuple[str, int]:
    """The first line on stderr, and the exit status after a Ctrl-C that follows it; there must be no other line."""
    command = [*DESK, "run", str(file), "--venue", "endpoint", *arguments]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            line = process.stderr.readline()
            process.send_signal(signal.SIGINT)
            rest = process.communicate(timeout=20)[1]
        finally:
            if process.poll() is None:
                process.kill()
    assert rest == ""
    return line.strip(), process.returncode


@pytest.mark.parametrize(
    ("account", "words"),
    [
        ("hedge", "BTC/USDT:USDT is in hedge mode on the account: switch it to one-way mode"),
        ("withdraw", "the API key may move money (AccountTransfer, Withdraw): make one without Wallet permissions"),
        ("read only", "the API key is read-only: make one that may read and write"),
    ],
)
def test_an_account_that_must_not_be_traded_on(tmp_path: Path, venue: str, account: str, words: str) -> None:
    key, secret, *_ = ACCOUNTS[account].split(":")
    journal = tmp_path / "journal.sqlite"
    assert complaint(write(tmp_path, venue, key, secret), "--journal", str(journal)) == (f"desk run: {words}", 2)
    asked = [request["path"] for request in get(f"{venue}/requests?account={key}")["requests"]]
    assert asked
    assert not [path for path in asked if path.endswith("/order/create")]


@pytest.mark.parametrize(
    ("key", "secret", "changes", "words"),
    [
        ("nobody-key", "plain-secret", {}, "refuses the API key: check the Secret"),
        ("plain-key", "another-secret", {}, "refuses the API key: check the Secret"),
        ("plain-key", "plain-secret", {"markets": ["LTC/USDT:USDT"]}, "the venue lists no Swap market LTC/USDT:USDT"),
    ],
)
def test_what_only_the_venue_can_know(
    tmp_path: Path, venue: str, key: str, secret: str, changes: dict[str, Any], words: str
) -> None:
    file = write(tmp_path, venue, key, secret, **changes)
    line, status = complaint(file, "--journal", str(tmp_path / "journal.sqlite"))
    assert words in line
    assert status == 2


def test_a_venue_that_does_not_answer(tmp_path: Path) -> None:
    file = write(tmp_path, NOBODY, "plain-key", "plain-secret")
    line, status = complaint(file, "--journal", str(tmp_path / "journal.sqlite"))
    assert line.startswith(f"desk run: {NOBODY} does not answer")
    assert status == 1


def test_a_corrupt_journal_is_left_as_it_is(tmp_path: Path, venue: str) -> None:
    journal = tmp_path / "journal.sqlite"
    journal.write_text("no database")
    line, status = complaint(write(tmp_path, venue, "plain-key", "plain-secret"), "--journal", str(journal))
    assert line.startswith(f"desk run: {journal}: the journal cannot be read (file is not a database); it was left")
    assert status == 1
    assert journal.read_text() == "no database"


def test_a_journal_that_is_a_folder(tmp_path: Path, venue: str) -> None:
    line, status = complaint(write(tmp_path, venue, "plain-key", "plain-secret"), "--journal", str(tmp_path))
    assert line.endswith("it must be a file that can be written, in a folder that can be written")
    assert status == 1
