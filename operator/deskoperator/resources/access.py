"""What the bot's pod may do in the cluster: read its own object, report in its own status, hold its own Lease."""

from deskapi import GROUP, PLURAL
from deskoperator.resources.kinds import LEASE, ROLE, SERVICE_ACCOUNT, Object
from deskoperator.resources.labels import child_name


def service_account() -> Object:
    """The bot's identity. Its token is mounted by the pod alone, which says so itself."""
    return {"automountServiceAccountToken": False}


def role(bot: str) -> Object:
    """The bot's own object and Lease, and nothing else.

    With `resourceNames`, list and watch work only under the field selector `metadata.name=BOT`.
    """
    return {
        "rules": [
            {
                "apiGroups": [GROUP],
                "resources": [PLURAL],
                "resourceNames": [bot],
                "verbs": ["get", "list", "watch"],
            },
            {
                "apiGroups": [GROUP],
                "resources": [f"{PLURAL}/status"],
                "resourceNames": [bot],
                "verbs": ["get", "patch"],
            },
            {
                "apiGroups": [LEASE.api_version.partition("/")[0]],
                "resources": [LEASE.plural],
                "resourceNames": [bot],
                "verbs": ["get", "update", "patch"],
            },
        ]
    }


def role_binding(bot: str, namespace: str) -> Object:
    """Gives the bot's service account its role."""
    group = ROLE.api_version.partition("/")[0]
    return {
        "roleRef": {"apiGroup": group, "kind": ROLE.kind, "name": child_name(bot)},
        "subjects": [{"kind": SERVICE_ACCOUNT.kind, "name": child_name(bot), "namespace": namespace}],
    }
