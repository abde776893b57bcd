"""The engine's pure parts: what it lacks, what it may leave behind, what its runtime leaves out."""

import json
from pathlib import Path

from tests.cluster.engine import lacks_sys_resource
from tests.cluster.reduced_runtime import reduce_capabilities, specification_files
from tests.cluster.traces import firewall_residue

BEFORE = """\
*filter
:INPUT ACCEPT [1:2]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -s 10.0.0.1/32 -j DROP
COMMIT
"""
AFTER = """\
*filter
:INPUT ACCEPT [9:9]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A INPUT -s 10.0.0.1/32 -j DROP
-A INPUT -s 10.0.0.2/32 -j DROP
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -m comment --comment "all of them" -j RETURN
COMMIT
*nat
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
"""


def test_only_the_engines_own_rules_and_chains_are_taken_away_and_its_policy_turned_back() -> None:
    commands = [" ".join(command[1:]) for command in firewall_residue(BEFORE, AFTER)]
    assert commands == [
        "-t filter -D FORWARD -j DOCKER-USER",
        "-t filter -D DOCKER-USER -m comment --comment all of them -j RETURN",
        "-t nat -D POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE",
        "-t filter -F DOCKER",
        "-t filter -F DOCKER-USER",
        "-t nat -F DOCKER",
        "-t filter -X DOCKER",
        "-t filter -X DOCKER-USER",
        "-t nat -X DOCKER",
        "-t filter -P FORWARD ACCEPT",
    ]


def test_a_machine_that_already_had_an_engine_keeps_its_firewall() -> None:
    assert firewall_residue(AFTER, AFTER) == []


def test_a_bounding_set_without_the_capability_is_seen() -> None:
    assert lacks_sys_resource("Name:\tsh\nCapBnd:\t000001fffeffffff\n")
    assert not lacks_sys_resource("Name:\tsh\nCapBnd:\t000001ffffffffff\n")


def test_the_capability_is_left_out_of_a_container_and_of_a_process_and_nothing_else_changes() -> None:
    capabilities = {"bounding": ["CAP_CHOWN", "CAP_SYS_RESOURCE"], "ambient": None, "effective": ["CAP_SYS_RESOURCE"]}
    reduced = {"bounding": ["CAP_CHOWN"], "ambient": [], "effective": []}
    container = {"hostname": "a", "process": {"args": ["sh"], "capabilities": capabilities}}
    assert reduce_capabilities(json.loads(json.dumps(container))) == {
        "hostname": "a",
        "process": {"args": ["sh"], "capabilities": reduced},
    }
    process = {"args": ["sh"], "capabilities": capabilities}
    assert reduce_capabilities(json.loads(json.dumps(process))) == {"args": ["sh"], "capabilities": reduced}
    assert reduce_capabilities({"args": ["sh"]}) == {"args": ["sh"]}


def test_the_files_of_a_runtimes_command_line_are_found(tmp_path: Path) -> None:
    (tmp_path / "config.json").touch()
    (tmp_path / "process").touch()
    assert specification_files(["create", "--bundle", str(tmp_path), "id"]) == [tmp_path / "config.json"]
    assert specification_files(["exec", "--process", str(tmp_path / "process"), "id"]) == [tmp_path / "process"]
    assert specification_files(["delete", "--force", "id"]) == []
