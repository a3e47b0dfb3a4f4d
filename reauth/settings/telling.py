"""The settings as they are told: in the file's own units, with nothing in them that is a secret."""

import re
import tomllib
from collections.abc import Collection, Mapping
from typing import Any

from reauth.settings.reading import Key, keys
from reauth.settings.tree import Settings

HIDDEN = "<redacted>"
_PASSWORD = re.compile(r"://[^/@]+@")
"""RFC 3986, 3.2.1: a name, and maybe a password, in front of a host."""


def written(settings: Settings, key: Key) -> Any:
    """A value as the file would write it, in the key's own unit."""
    value = getattr(getattr(settings, key.section), key.attribute)
    if isinstance(value, tuple):
        return list(value)
    if key.unit and isinstance(value, int | float):
        value = round(value / key.scale, 9)
        return int(value) if value == int(value) else value
    return value


def redacted(key: Key, value: Any) -> Any:
    """Hide who is watched and where alerts go; the file itself never holds a secret."""
    if key.section == "identity" and key.name == "default_user" and value:
        return HIDDEN
    if (key.section, key.name) == ("sinks", "urls"):
        return [_without_address(url) for url in value]
    if (key.section, key.name) == ("proxy", "mode"):
        return _without_address(value)
    return _PASSWORD.sub(rf"://{HIDDEN}@", value) if isinstance(value, str) else value


def _without_address(url: str) -> str:
    """A URL's scheme; its address may hold a password or a token."""
    scheme, colon, _ = url.partition(":")
    return url if scheme == "jsonl" or not colon else f"{scheme}:{HIDDEN}"


def sources(
    text: str, variables: Collection[str], overrides: Collection[str] = ()
) -> Mapping[tuple[str, str], str]:
    """Where the value of each key comes from, by (section, key).

    Parameters
    ----------
    text
        Of the settings file, which `parse` has read.
    variables
        Names of the environment; one that ends in _FILE names a file with the value.
    overrides
        "section.key" of the command line.
    """
    file = tomllib.loads(text)
    return {
        (key.section, key.name): _source(key, file.get(key.section, {}), variables, overrides)
        for key in keys()
    }


def _source(
    key: Key, section: Mapping[str, Any], variables: Collection[str], overrides: Collection[str]
) -> str:
    """The strongest of those that tell a key, as `parse` has it."""
    told = {
        "command line": f"{key.section}.{key.name}" in overrides,
        "environment": key.variable in variables,
        "secret file": f"{key.variable}_FILE" in variables,
        "file": key.name in section,
    }
    return next((name for name, holds in told.items() if holds), "default")
