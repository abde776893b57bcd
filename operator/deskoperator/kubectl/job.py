"""A kill Job as a person makes it and listens to it: the operator's own, name and all, so nobody makes a second."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from deskoperator.controller.cluster import Cluster
from deskoperator.errors import CannotKill, Conflict
from deskoperator.kubectl.seen import Seen, with_report
from deskoperator.plan.kill_report import reports
from deskoperator.plan.lease import may_send_seconds
from deskoperator.plan.world import World
from deskoperator.resources.kill_job import KillTarget, kill_job
from deskoperator.resources.kinds import JOB, POD, Object
from deskoperator.resources.labels import pod_name

LOOK_SECONDS = 0.25


async def make_job(
    cluster: Cluster,
    target: KillTarget | str,
    lease: Object | None,
    image: Callable[[str], Awaitable[str]],
    *,
    dry_run: bool = False,
) -> None:
    """Makes the Job, unless somebody was faster. `target` may be why there is none. Raises `CannotKill`."""
    if isinstance(target, str):
        raise CannotKill(f"no kill Job can be made: {target}")
    runs = await image(target.namespace)
    pod = await cluster.get(POD, target.namespace, pod_name(target.bot))
    seconds = may_send_seconds(World(runs, lease=lease, pod_object=pod))
    try:
        await cluster.create(JOB, kill_job(target, runs, seconds, dry_run=dry_run))
    except Conflict:
        return


async def heard(cluster: Cluster, job: Object, seen: Seen) -> Seen:
    """The same with what the Job has said."""
    metadata = job["metadata"]
    selector = f"batch.kubernetes.io/job-name={metadata['name']}"
    said = reports(job, tuple(await cluster.list(POD, metadata["namespace"], selector)))
    if not said:
        return replace(seen, note=seen.note or f"kill Job {metadata['name']} runs")
    proof = next((report for report in said if report.proves(seen.halt_id)), said[-1])
    return with_report(seen, proof)
