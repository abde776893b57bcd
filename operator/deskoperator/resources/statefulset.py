"""The bot's StatefulSet: at most one pod at a time, and the volume that holds its journal."""

from deskapi import ObjectMeta, TradingBotSpec
from deskoperator.resources.kinds import Object
from deskoperator.resources.labels import HEADLESS_SERVICE, selector
from deskoperator.resources.pod import JOURNAL_VOLUME, pod_template


def stateful_set(metadata: ObjectMeta, spec: TradingBotSpec, default_image: str) -> Object:
    """One replica.

    `Parallel`, because with the default policy a pod that never becomes ready blocks its own repair
    (kubernetes#67250). `OnDelete`, because only a decision of ours may restart an engine that holds orders.
    """
    return {
        "spec": {
            "replicas": 1,
            "podManagementPolicy": "Parallel",
            "updateStrategy": {"type": "OnDelete"},
            "serviceName": HEADLESS_SERVICE,
            "selector": {"matchLabels": selector(metadata.name)},
            "template": pod_template(metadata, spec, default_image),
            "volumeClaimTemplates": [_journal(metadata, spec)],
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Retain"},
            "revisionHistoryLimit": 3,
        }
    }


def _journal(metadata: ObjectMeta, spec: TradingBotSpec) -> Object:
    storage_class = spec.storage.storage_class_name
    return {
        "metadata": {"name": JOURNAL_VOLUME, "labels": selector(metadata.name)},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": str(spec.storage.size)}},
            **({} if storage_class is None else {"storageClassName": storage_class}),
        },
    }
