"""What `plan` is given besides the bot: everything else that was observed, and what the last writes met."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from deskoperator.plan.pod import Pod, read_pod
from deskoperator.plan.policies import Policy
from deskoperator.resources.account_claim import Claim
from deskoperator.resources.kinds import Kind, Object


@dataclass(frozen=True)
class World:
    """`children`: live objects under the children's names. `refusals`: what the API server said to a child's apply.

    `policies`: every RiskPolicy of the bot's namespace, listed after the bot was read; None: they could not be listed.
    `kill_job` is the kill Job of the present halt, `kill_pods` are the pods of its name; both are looked for only while
    a halt is not confirmed. `kill_priority_class` "": none. `tombstone`: what the Lease of an earlier bot waits for.
    `claim`: who has the account that the bot is on or asks for; None: nobody.
    """

    default_image: str
    children: Mapping[Kind, Object] = field(default_factory=dict)
    pod_object: Object | None = None
    refusals: Mapping[Kind, str] = field(default_factory=dict)
    policies: tuple[Policy, ...] | None = None
    kill_job: Object | None = None
    kill_pods: tuple[Object, ...] = ()
    kill_priority_class: str = ""
    lease: Object | None = None
    tombstone: str = ""
    claim: Claim | None = None

    @cached_property
    def pod(self) -> Pod | None:
        return None if self.pod_object is None else read_pod(self.pod_object)
