"""RiskPolicies as the plan sees them: which of them select a bot, and which of those halt it.

Every part of a policy is read on its own, as with a bot: its switch must work though this version cannot read a ceiling
that a newer one knows. What cannot be read is not taken for absent: see `Scope.known`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from deskapi import Invalid, PolicyMeta, RiskPolicySpec, Selector, load_policy
from deskoperator.resources.kinds import Object


@dataclass(frozen=True)
class Policy:
    """One RiskPolicy. `spec` and `selector` are None where this version cannot read them."""

    metadata: PolicyMeta
    spec: RiskPolicySpec | None
    selector: Selector | None
    halted: bool
    written_status: Mapping[str, Any]

    @property
    def name(self) -> str:
        return self.metadata.name

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Whether it is known to select a bot with these labels."""
        return self.selector is not None and self.selector.selects(labels)


@dataclass(frozen=True)
class Scope:
    """The policies that select one bot, by name. `known` False: there may be more, or they may say more than is seen.

    From a scope that is not known a bot can only be stopped: nothing is admitted, loosened or released on it.
    """

    policies: tuple[Policy, ...] = ()
    known: bool = False

    @property
    def halted_by(self) -> tuple[str, ...]:
        """Names of those that halt the bot."""
        return tuple(policy.name for policy in self.policies if policy.halted)


def read_policy(obj: Object) -> Policy:
    """The view of an object that the API server returned. Raises `pydantic.ValidationError` without a usable name."""
    wishes = obj.get("spec") or {}
    return Policy(
        metadata=PolicyMeta.model_validate(obj["metadata"]),
        spec=_read_spec(obj),
        selector=_read_selector(wishes.get("selector")),
        halted=wishes.get("halted") is True,
        written_status=obj.get("status") or {},
    )


def scope_of(labels: Mapping[str, str], policies: tuple[Policy, ...] | None) -> Scope:
    """The policies that select a bot with these labels; `policies` None: they could not be listed."""
    if policies is None:
        return Scope()
    selected = tuple(sorted((policy for policy in policies if policy.selects(labels)), key=lambda each: each.name))
    known = all(policy.selector is not None for policy in policies) and all(policy.spec for policy in selected)
    return Scope(selected, known)


def _read_spec(obj: Object) -> RiskPolicySpec | None:
    try:
        return load_policy({key: value for key, value in obj.items() if key != "status"}).spec
    except Invalid:
        return None


def _read_selector(part: object) -> Selector | None:
    try:
        return Selector.model_validate(part)
    except ValidationError:
        return None
