"""The settings: what there is (`tree`), how it is read (`reading`), what is wrong (`checking`)."""

from reauth.settings.checking import address, store_path
from reauth.settings.reading import ENVIRONMENT_PREFIX, Key, keys, parse, secret_files
from reauth.settings.telling import redacted, sources, written
from reauth.settings.tree import (
    Absence,
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
    "Absence",
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
    "redacted",
    "secret_files",
    "sources",
    "store_path",
    "written",
]
