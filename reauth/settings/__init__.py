"""The settings: what there is (`tree`), how it is read (`reading`), what is wrong (`checking`)."""

from reauth.settings.checking import address, store_path
from reauth.settings.reading import ENVIRONMENT_PREFIX, Key, keys, parse, secret_files
from reauth.settings.tree import (
    Alerts,
    BotLane,
    Ca,
    Console,
    Enrolment,
    Identity,
    IdentityLane,
    Ingest,
    Metrics,
    Privacy,
    Proxy,
    ReplayLane,
    Settings,
    Sinks,
    State,
    StoreSettings,
)

__all__ = [
    "ENVIRONMENT_PREFIX",
    "Alerts",
    "BotLane",
    "Ca",
    "Console",
    "Enrolment",
    "Identity",
    "IdentityLane",
    "Ingest",
    "Key",
    "Metrics",
    "Privacy",
    "Proxy",
    "ReplayLane",
    "Settings",
    "Sinks",
    "State",
    "StoreSettings",
    "address",
    "keys",
    "parse",
    "secret_files",
    "store_path",
]
