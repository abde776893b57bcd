"""Scripts of faults: read from files, refused in one line, taken all or not at all."""

from pathlib import Path

import pytest

from deskbot.simulator.accounts import parse_account
from deskbot.simulator.fault_models import Drop, Maintenance, read_script
from deskbot.simulator.fault_script import read_file
from deskbot.simulator.server import Simulator, SimulatorOptions
from tests.simulator.client import Client
from tests.simulator.hasty import HastyClock
from tests.simulator.markets import BreathingMarket

SCRIPT = """
faults:
  - {action: drop, endpoint: /v5/order/*, count: 2}
  - action: maintenance
    afterMs: 5000
    forMs: 30000
    announced: true
"""


@pytest.mark.parametrize("text", [SCRIPT, SCRIPT.replace("faults:", "").replace("\n  ", "\n")])
def test_a_script_is_a_list_with_or_without_a_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "script.yaml"
    file.write_text(text)
    drop, maintenance = read_file(file)
    assert isinstance(drop, Drop)
    assert (drop.endpoint, drop.count) == ("/v5/order/*", 2)
    assert isinstance(maintenance, Maintenance)
    assert (maintenance.after_ms, maintenance.for_ms, maintenance.announced) == (5000, 30_000, True)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("- {action: drop, endpoint: /a}\n- {action: delay, endpoint: /a}", r"fault 2.*delayMs is 0"),
        ("- {action: drop", r"script\.yaml, line 2: no YAML"),
        ("drop", r"fault: Input should be a valid list"),
        ("- {action: drop, endpoint: /a, cuont: 1}", r"fault 1\.cuont: Extra inputs"),
    ],
)
def test_a_broken_script_is_one_line_that_names_the_file_and_the_fault(
    tmp_path: Path, text: str, complaint: str
) -> None:
    file = tmp_path / "script.yaml"
    file.write_text(text + "\n")
    with pytest.raises(ValueError, match=complaint) as refused:
        read_file(file)
    assert str(refused.value).startswith(str(file))
    assert "\n" not in str(refused.value)


def test_a_missing_script_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        read_file(tmp_path / "none.yaml")


@pytest.mark.component
class TestHook:
    async def test_a_script_is_taken_whole_or_not_at_all(self, client: Client) -> None:
        good = {"action": "drop", "endpoint": "/v5/nothing"}
        answer = await client.hook("/faults", [good, {"action": "delay", "endpoint": "*"}])
        assert "fault 2" in answer["error"]
        assert (await client.hook("/faults"))["faults"] == []
        taken = await client.hook("/faults", [good, good])
        assert [fault["id"] for fault in taken["faults"]] == [1, 2]


@pytest.mark.component
class TestVirtualTime:
    async def test_windows_go_by_the_venue_s_own_time(self) -> None:
        clock = HastyClock()
        accounts = [parse_account("key:secret:USDT=1000")]
        faults = read_script(
            [
                {"action": "ban", "afterMs": 60_000, "forMs": 120_000},
                {"action": "maintenance", "afterMs": 3_600_000, "forMs": 60_000, "announced": True},
            ]
        )
        options = SimulatorOptions(accounts=accounts, faults=faults, speed=0.001)
        simulator = Simulator(options, clock, BreathingMarket())
        await simulator.start()
        told = []
        async with Client(simulator.base_url) as client:
            for seconds in (0, 59, 2, 118, 3, 3417, 2, 60):
                clock.skip(seconds)
                answer = await client.get("/v5/system/status")
                states = [one["state"] for one in answer["result"].get("list", [])]
                told.append((client.status, *states))
        await simulator.stop()
        scheduled, banned, down, fine = (200, "scheduled"), (403,), (503,), (200,)
        assert told == [scheduled, scheduled, banned, banned, scheduled, scheduled, down, fine]
