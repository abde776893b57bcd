"""What passes through to the bot's pod unread: resources, tolerations, affinity, as Kubernetes' core/v1 names them."""

from typing import Annotated, Any, Literal

from pydantic import Field

from deskapi.base import SpecModel
from deskapi.quantities import Quantity

ATOMIC: dict[str, Any] = {"x-kubernetes-list-type": "atomic"}
_Name = Annotated[str, Field(max_length=316)]


class Resources(SpecModel):
    """CPU and memory of the bot's container."""

    requests: dict[str, Quantity] | None = Field(default=None, description="What the container is sure to get.")
    limits: dict[str, Quantity] | None = Field(default=None, description="What the container may use at most.")


class Toleration(SpecModel):
    """A taint that the pod tolerates."""

    key: _Name | None = Field(default=None, description="Key of the taint; absent with Exists: every taint.")
    operator: Literal["Exists", "Equal"] | None = Field(default=None, description="Exists or Equal (the default).")
    value: str | None = Field(default=None, description="Value of the taint, with Equal.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        default=None, description="Effect of the taint; absent: all of them."
    )
    toleration_seconds: int | None = Field(
        default=None, description="How long a NoExecute taint is tolerated, in seconds; absent: for ever."
    )


class Requirement(SpecModel):
    """One requirement on a label."""

    key: _Name = Field(description="Key of the label.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"] = Field(
        description="How key and values relate."
    )
    values: tuple[str, ...] | None = Field(
        default=None, description="Values, as the operator needs them.", json_schema_extra=ATOMIC
    )


class LabelSelector(SpecModel):
    """Objects selected by their labels."""

    match_labels: dict[str, str] | None = Field(default=None, description="Labels that must all be there.")
    match_expressions: tuple[Requirement, ...] | None = Field(
        default=None, description="Requirements that must all hold.", json_schema_extra=ATOMIC
    )


class NodeSelectorTerm(SpecModel):
    """Nodes selected by labels and fields."""

    match_expressions: tuple[Requirement, ...] | None = Field(
        default=None, description="Requirements on the node's labels.", json_schema_extra=ATOMIC
    )
    match_fields: tuple[Requirement, ...] | None = Field(
        default=None, description="Requirements on the node's fields.", json_schema_extra=ATOMIC
    )


class NodeSelector(SpecModel):
    """Nodes of which one term must match."""

    node_selector_terms: tuple[NodeSelectorTerm, ...] = Field(
        description="Terms of which one must match.", json_schema_extra=ATOMIC
    )


class PreferredNode(SpecModel):
    """A preference for nodes."""

    weight: int = Field(ge=1, le=100, description="Weight of the preference, 1 to 100.")
    preference: NodeSelectorTerm = Field(description="The preferred nodes.")


class NodeAffinity(SpecModel):
    """Where the pod may run, by node."""

    required_during_scheduling_ignored_during_execution: NodeSelector | None = Field(
        default=None, description="Nodes the pod must run on."
    )
    preferred_during_scheduling_ignored_during_execution: tuple[PreferredNode, ...] | None = Field(
        default=None, description="Nodes the pod should run on.", json_schema_extra=ATOMIC
    )


class PodAffinityTerm(SpecModel):
    """Pods near which, or away from which, the pod belongs."""

    topology_key: _Name = Field(description="Label of the node that says what near means.")
    label_selector: LabelSelector | None = Field(default=None, description="The pods.")
    namespaces: tuple[str, ...] | None = Field(
        default=None, description="Namespaces of the pods; absent: this one.", json_schema_extra=ATOMIC
    )
    namespace_selector: LabelSelector | None = Field(default=None, description="Namespaces of the pods, by label.")


class PreferredPods(SpecModel):
    """A preference for being near, or away from, pods."""

    weight: int = Field(ge=1, le=100, description="Weight of the preference, 1 to 100.")
    pod_affinity_term: PodAffinityTerm = Field(description="The pods.")


class PodAffinity(SpecModel):
    """Where the pod may run, by other pods."""

    required_during_scheduling_ignored_during_execution: tuple[PodAffinityTerm, ...] | None = Field(
        default=None, description="Terms that must hold.", json_schema_extra=ATOMIC
    )
    preferred_during_scheduling_ignored_during_execution: tuple[PreferredPods, ...] | None = Field(
        default=None, description="Terms that should hold.", json_schema_extra=ATOMIC
    )


class Affinity(SpecModel):
    """Where the pod may run."""

    node_affinity: NodeAffinity | None = Field(default=None, description="By node.")
    pod_affinity: PodAffinity | None = Field(default=None, description="Near other pods.")
    pod_anti_affinity: PodAffinity | None = Field(default=None, description="Away from other pods.")
