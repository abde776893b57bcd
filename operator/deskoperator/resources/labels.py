"""Names, labels and owner references: what ties a child to its bot."""

from deskapi import GROUP
from deskoperator.resources.kinds import TRADING_BOT, Object

BOT_LABEL = f"{GROUP}/bot"
DESIRED_HASH = f"{GROUP}/desired-hash"
CONTAINER = "bot"
HEADLESS_SERVICE = "desk-bots"


def child_name(bot: str) -> str:
    """The name that all children of a bot share; their kinds differ."""
    return f"bot-{bot}"


def pod_name(bot: str) -> str:
    """The only pod of the bot's StatefulSet."""
    return f"{child_name(bot)}-0"


def selector(bot: str) -> dict[str, str]:
    """Labels by which the StatefulSet finds its pod. They never change: the field is immutable."""
    return {BOT_LABEL: bot}


def labels(bot: str) -> dict[str, str]:
    """Labels of every child."""
    return {
        **selector(bot),
        "app.kubernetes.io/name": "trading-bot",
        "app.kubernetes.io/instance": bot,
        "app.kubernetes.io/part-of": "trading-desk",
        "app.kubernetes.io/managed-by": "desk-operator",
    }


def owner_reference(bot: str, uid: str) -> Object:
    """Makes the bot the child's controller, so that the cluster removes the child with it."""
    return {
        "apiVersion": TRADING_BOT.api_version,
        "kind": TRADING_BOT.kind,
        "name": bot,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def owning_bot_uid(child: Object) -> str | None:
    """UID of the TradingBot that controls the child; None: no TradingBot does."""
    for reference in child.get("metadata", {}).get("ownerReferences", ()):
        if reference.get("controller") and reference.get("kind") == TRADING_BOT.kind:
            return str(reference.get("uid"))
    return None
