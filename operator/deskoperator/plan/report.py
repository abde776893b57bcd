"""Which part of the engine's report may be believed.

A report outlives the process that wrote it. It counts while the pod that wrote it is ready. While that pod runs and is
not ready, bad news counts however old it is, good news only while it is fresh. Times are compared across two clocks
only where both sides are the cluster's own and a wrong answer makes nothing riskier.
"""

from datetime import datetime, timedelta

from deskapi import EngineStatus
from deskoperator.plan.bot import Bot
from deskoperator.plan.pod import Pod

STALE_AFTER = timedelta(seconds=45)


def believed_report(bot: Bot, pod: Pod | None, now: datetime) -> EngineStatus | None:
    """The engine's report, or None where it says nothing about the present."""
    report = bot.engine
    if report is None or pod is None or report.pod_uid not in {None, pod.uid}:
        return None
    if pod.ready or (pod.running and _of_this_process(bot, pod) and (report.problem is not None or _fresh(bot, now))):
        return report
    return None


def changes_at(bot: Bot, pod: Pod | None) -> tuple[datetime, ...]:
    """The moments at which time alone changes what is believed."""
    if pod is None:
        return ()
    news = pod.ready_since if pod.ready else bot.reported_at
    moments = (None if news is None else news + STALE_AFTER, pod.stuck_at())
    return tuple(moment for moment in moments if moment is not None)


def _of_this_process(bot: Bot, pod: Pod) -> bool:
    if bot.reported_at is None or pod.running_since is None:
        return True
    return bot.reported_at >= pod.running_since


def _fresh(bot: Bot, now: datetime) -> bool:
    return bot.reported_at is not None and now - bot.reported_at < STALE_AFTER
