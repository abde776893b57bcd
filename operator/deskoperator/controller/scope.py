"""The kinds of work on a policy: bringing the bots that it concerns to be looked at, and counting them.

    policy event ──SCOPE──▶ a BOT task for every bot that it selects or selected; a LATCH task for each one it halts

A policy that halts is read and its bots are listed on the connections of the latch. What a policy means for a bot is
decided where that bot is looked at, from policies that are read then: nothing is handed on but names.
"""

from dataclasses import dataclass

from deskoperator.controller import clock
from deskoperator.controller.cluster import Cluster
from deskoperator.controller.execute import write_policy_status
from deskoperator.controller.observe import observe_bots, observe_policy
from deskoperator.controller.queue import Lane, WorkQueue
from deskoperator.controller.tasks import Task, Work
from deskoperator.plan.bot import Bot
from deskoperator.plan.policy_status import desired_policy_status

# A halt of a hundred bots is one count and not a hundred.
COUNT_AFTER_SECONDS = 1.0


@dataclass(frozen=True)
class PolicyWork:
    """`halting` is the connection pool of the latch."""

    cluster: Cluster
    halting: Cluster
    queue: WorkQueue[Task]

    async def queue_bots(self, task: Task) -> None:
        """Puts every bot on the queue that the policy selects, or by which one was judged."""
        policy = await observe_policy(self.halting, task.namespace, task.name)
        halts = policy is not None and policy.halted
        for bot in await observe_bots(self.halting if halts else self.cluster, task.namespace):
            selected = policy is not None and policy.selects(bot.metadata.labels)
            if selected and halts:
                self.queue.add(_task(Work.LATCH, bot), Lane.HALT)
            if selected or task.name in {each.name for each in bot.policies}:
                self.queue.add(_task(Work.BOT, bot), Lane.CHANGE)

    async def write_status(self, task: Task) -> None:
        """Counts the policy's bots."""
        policy = await observe_policy(self.cluster, task.namespace, task.name)
        if policy is None:
            return
        bots = await observe_bots(self.cluster, task.namespace)
        wanted = desired_policy_status(policy, bots, clock.now())
        if wanted is not None:
            await write_policy_status(self.cluster, policy.metadata, wanted)


def _task(work: Work, bot: Bot) -> Task:
    return Task(work, bot.metadata.namespace, bot.metadata.name)
