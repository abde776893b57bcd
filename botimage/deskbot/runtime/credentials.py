"""Where a bot's API key comes from. It is looked up again and again: a Secret may come late, or be replaced."""

from collections.abc import Callable, Mapping
from pathlib import Path

from deskapi import TradingBotSpec
from deskbot.core.errors import Invalid
from deskbot.runtime.logs import keep_secret
from deskbot.venues.protocol import Credentials

API_KEY, SECRET = "apiKey", "secret"

# What answers for a spec that names a Secret. Raises Invalid CredentialsMissing.
CredentialSource = Callable[[TradingBotSpec], Credentials]


def from_directory(folder: Path) -> CredentialSource:
    """The Secret as Kubernetes mounts it: a file for each key. An optional one that is missing is an empty folder."""

    return lambda spec: key_in(folder, _name(spec))


def key_in(folder: Path, name: str) -> Credentials:
    """The key in a mounted Secret. Raises Invalid CredentialsMissing."""
    values = {}
    for key in (API_KEY, SECRET):
        file = folder / key
        if file.is_file():
            values[key] = file.read_text(encoding="utf-8").strip()
    return _credentials(name, values, f"not in {folder}")


def from_manifest(secrets: Callable[[], Mapping[str, Mapping[str, str]]]) -> CredentialSource:
    """The Secret that stands in the same file as the bot."""

    def read(spec: TradingBotSpec) -> Credentials:
        return _credentials(_name(spec), secrets().get(_name(spec), {}), "not in the same file")

    return read


def fixed(credentials: Credentials) -> CredentialSource:
    """One key for any spec: that of an account made for the occasion."""
    return lambda _spec: credentials


def _credentials(name: str, values: Mapping[str, str], where: str) -> Credentials:
    for key in (API_KEY, SECRET):
        if not values.get(key):
            words = f"{key} is {where}; create the Secret with the keys {API_KEY} and {SECRET}"
            raise Invalid("CredentialsMissing", f"Secret {name}: {words}")
    keep_secret(values[API_KEY], values[SECRET])
    return Credentials(values[API_KEY], values[SECRET])


def _name(spec: TradingBotSpec) -> str:
    reference = spec.venue.credentials_secret_ref
    return reference.name if reference is not None else ""
