"""What a bot shows: probes, metrics, report, status, logs."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
import structlog

from deskapi import EngineStatus, load_bot
from deskbot.core.errors import Invalid
from deskbot.core.money import UNIT
from deskbot.core.summary import HaltSummary, PositionSummary, Summary
from deskbot.runtime import logs, memory
from deskbot.runtime.build import is_compiled
from deskbot.runtime.clock import Clock, to_datetime
from deskbot.runtime.credentials import from_directory
from deskbot.runtime.health import Answers, HealthServer, parse_address
from deskbot.runtime.metrics import Metrics
from deskbot.runtime.report import report_of
from deskbot.runtime.status import Reporter, as_plain, engine_status
from deskbot.runtime.venue_metrics import VenueMetrics
from deskbot.venues.protocol import VenueFigures
from tests.runtime.virtual_time import EPOCH_NS
from tests.runtime.world import manifest


def summary() -> Summary:
    position = PositionSummary(
        market="BTC/USDT:USDT",
        base="BTC",
        quote="USDT",
        amount=-UNIT // 500,
        average_price=60_000 * UNIT,
        mid_price=60_001 * UNIT,
        bid=60_000 * UNIT,
        ask=60_002 * UNIT,
        notional=-120 * UNIT,
        unrealised=-UNIT // 500,
        realised=UNIT // 3,
        cash=120 * UNIT,
        fees={"USDT": UNIT // 40},
        fills=7,
        last_trade_id="t7",
        data_at=EPOCH_NS - 10**9,
    )
    return Summary(
        state="Halting",
        since=EPOCH_NS,
        why="halted",
        generation=4,
        version="test",
        account_id="1001",
        reconciled_at=EPOCH_NS,
        last_tick_at=EPOCH_NS,
        last_fill_at=0,
        equity=10_000 * UNIT + 1,
        pnl=0,
        day_pnl=-UNIT // 4,
        realised=UNIT // 3,
        open_orders=3,
        orders=40,
        fills=7,
        foreign_orders=0,
        orphans=0,
        halt=HaltSummary("uid-1", "Spec", "SpecHalted", EPOCH_NS, 0, 5, -1),
        acknowledged_halt="",
        problem=("DiskFull", "one\n  line"),
        positions=[position],
        day_price=UNIT // 2,
        day_fees=UNIT // 4,
        day_funding=-UNIT // 2,
        missed_fills=6,
        forced_fills=1,
        notices=[("FillsMissed", "six")],
        rejections={"collar": 2},
        closed=["ETH/USDT:USDT"],
    )


def test_the_status_is_exact_text_and_leaves_out_what_is_not_known() -> None:
    plain = as_plain(engine_status(summary(), Reporter("test", "pod-1", EPOCH_NS)))
    assert plain["equity"] == "10000.000000000000000001"
    assert plain["positions"] == [
        {"market": "BTC/USDT:USDT", "amount": "-0.002", "averagePrice": "60000", "notional": "-120"}
    ]
    assert plain["dayPnl"] == "-0.25"
    assert "lastFillTime" not in plain
    assert plain["halt"]["residualPosition"] == "-0.002 BTC/USDT:USDT"
    assert "confirmedAt" not in plain["halt"]
    assert "residualOrders" not in plain["halt"]
    assert plain["problem"] == {"reason": "DiskFull", "message": "one line"}
    assert plain["closedMarkets"] == ["ETH/USDT:USDT"]
    assert plain["reconciledAt"].endswith("Z")
    assert EngineStatus.model_validate(plain).orders == 40


def test_the_report_speaks_as_the_venues_books_do() -> None:
    report = report_of(summary())
    assert report["compiled"] is is_compiled()
    assert report["ledger"]["BTC/USDT:USDT"] == {
        "position": "-0.002",
        "cash": "120",
        "fees": {"USDT": "0.025"},
        "realisedPnl": "0.333333333333333333",
        "fills": 7,
    }
    assert report["closed"] == ["ETH/USDT:USDT"]
    assert report["lastExecutionId"] == {"BTC/USDT:USDT": "t7"}


def test_metrics_have_bounded_labels_and_the_figures_of_the_summary() -> None:
    clock = Clock(wall=lambda: EPOCH_NS, monotonic=lambda: 0)
    metrics = Metrics(summary, clock, "1.2")
    metrics.commit_seconds.observe(0.003)
    text = metrics.render().decode()
    for line in (
        f'desk_build_info{{compiled="{int(is_compiled())}",version="1.2"}} 1.0',
        'desk_engine_state{state="Halting"} 1.0',
        'desk_engine_state{state="Running"} 0.0',
        "desk_orders_total 40.0",
        "desk_missed_fills_total 6.0",
        "desk_forced_fills_total 1.0",
        'desk_notice{reason="FillsMissed"} 1.0',
        'desk_day_pnl{part="price"} 0.5',
        'desk_day_pnl{part="fees"} -0.25',
        'desk_day_pnl{part="funding"} -0.5',
        'desk_rejections_total{check="collar"} 2.0',
        'desk_position{market="BTC/USDT:USDT"} -0.002',
        'desk_data_age_seconds{market="BTC/USDT:USDT"} 1.0',
        'desk_journal_commit_seconds_bucket{le="0.005"} 1.0',
    ):
        assert line in text


def test_metrics_show_how_it_stands_between_the_bot_and_its_venue() -> None:
    metrics = Metrics(summary, Clock(), "1.2")
    figures = VenueFigures({"orders": 0.25}, 3, 1, -20, {"private": 2})
    metrics.add(VenueMetrics(lambda: figures, lambda: {"journal": 0.5}))
    text = metrics.render().decode()
    for line in (
        'desk_rate_limit_remaining{limit="orders"} 0.75',
        "desk_rate_limit_refusals_total 3.0",
        "desk_venue_bans_total 1.0",
        "desk_clock_skew_seconds -0.02",
        'desk_stream_breaks_total{stream="private"} 2.0',
        'desk_queue_share{queue="journal"} 0.5',
    ):
        assert line in text


def test_there_are_no_figures_before_there_is_an_engine() -> None:
    assert "desk_orders" not in Metrics(lambda: None, Clock(), "1.2").render().decode()


@pytest.mark.component
@pytest.mark.parametrize("good", [True, False])
async def test_probes_answer_what_is_true(good: bool) -> None:
    answers = Answers(lambda: good, lambda: good, lambda: b"m 1\n", lambda: {"orders": 1} if good else None)
    server = HealthServer(answers)
    host, port = await server.start("127.0.0.1:0")
    wanted = 200 if good else 503
    async with aiohttp.ClientSession(f"http://{host}:{port}") as session:
        for path in ("/healthz", "/readyz", "/report"):
            async with session.get(path) as response:
                assert response.status == wanted
        async with session.get("/metrics") as response:
            assert await response.text() == "m 1\n"
        other = HealthServer(answers)
        with pytest.raises(Invalid, match="name a free port"):
            await other.start(f"127.0.0.1:{port}")
        await other.close()
    await server.close()


@pytest.mark.parametrize("listen", ["8080", "127.0.0.1", ":80", "127.0.0.1:http", "127.0.0.1:70000"])
def test_a_wrong_address_is_refused_in_one_line(listen: str) -> None:
    with pytest.raises(Invalid, match="write for example"):
        parse_address(listen)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    logs.configure(stream)
    yield stream
    structlog.reset_defaults()


def test_secrets_never_reach_the_log(log: io.StringIO) -> None:
    logs.keep_secret("hunter2secret")
    logger = structlog.get_logger("test")
    logger.warning("odd", message="the venue says: bad signature for hunter2secret", api_secret="x", apiKey="y")
    try:
        int("hunter2secret")
    except ValueError:
        logger.exception("failed")
    first, second = log.getvalue().splitlines()
    assert "hunter2secret" not in first + second
    assert json.loads(first)["api_secret"] == json.loads(first)["apiKey"] == logs.REDACTED
    assert "ValueError" in json.loads(second)["exception"]


@pytest.mark.parametrize("content", [{}, {"apiKey": "k"}, {"apiKey": "k", "secret": "  \n"}])
def test_an_incomplete_mounted_secret_is_missing(tmp_path: Path, content: dict[str, str]) -> None:
    for name, value in content.items():
        (tmp_path / name).write_text(value)
    with pytest.raises(Invalid, match="Secret keys: ") as caught:
        from_directory(tmp_path)(load_bot(manifest()).spec)
    assert caught.value.reason == "CredentialsMissing"


def test_a_mounted_secret_is_read_anew_each_time_and_hides_its_parts(tmp_path: Path) -> None:
    read = from_directory(tmp_path)
    for value in ("first", "second"):
        (tmp_path / "apiKey").write_text(f"{value}\n")
        (tmp_path / "secret").write_text(f"{value}-secret\n")
        found = read(load_bot(manifest()).spec)
        assert (found.api_key, found.secret) == (value, f"{value}-secret")
        assert value not in repr(found)


def test_the_clock_does_not_follow_a_stepped_wall_clock() -> None:
    wall, monotonic = [EPOCH_NS], [5]
    clock = Clock(wall=lambda: wall[0], monotonic=lambda: monotonic[0])
    wall[0] -= 3600 * 10**9
    monotonic[0] += 7
    assert clock.now() == EPOCH_NS + 7


def test_times_become_utc() -> None:
    assert to_datetime(1_790_000_000_123_456_789).isoformat() == "2026-09-21T14:13:20.123456+00:00"


def test_memory_is_settled_without_harm() -> None:
    memory.settle()
