"""mitm.toml, secret files, the environment and the command line, read into the tree."""

import difflib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, NoReturn, get_args, get_origin

from reauth.errors import SettingsError
from reauth.settings.checking import check
from reauth.settings.tree import UNITS, Settings

ENVIRONMENT_PREFIX = "REAUTH_"
_PATHS = {"listen": "unix:", "mode": "wireguard:"}
"""Keys that may hold a path, and what stands before it then."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of mitm.toml: `pause_ms` of section `identity_lane`, its default, unit and reason."""

    section: str
    name: str
    default: Any
    unit: str
    why: str
    path: bool
    least: float
    attribute: str
    type: Any

    @property
    def scale(self) -> float:
        """What a number in the file is multiplied by for the tree."""
        return UNITS.get(self.unit, 1)

    @property
    def variable(self) -> str:
        """The environment variable that holds it."""
        return f"{ENVIRONMENT_PREFIX}{self.section}__{self.name}".upper()


def keys() -> Iterator[Key]:
    """Every key there is, in the order of the file."""
    for section in fields(Settings):
        for item in fields(section.type):  # type: ignore[arg-type] # always a dataclass here
            meta = item.metadata
            name = f"{item.name}_{meta['unit']}" if meta["unit"] else item.name
            yield Key(section.name, name, attribute=item.name, type=item.type, **meta)


def secret_files(environment: Mapping[str, str]) -> dict[str, str]:
    """Where a variable `REAUTH_SECTION__KEY_FILE` names a file: `REAUTH_SECTION__KEY` to its path.

    The caller reads the files and hands the texts to `parse`.
    """
    known = {key.variable for key in keys()}
    return {
        variable.removesuffix("_FILE"): path
        for variable, path in environment.items()
        if variable not in known and variable.removesuffix("_FILE") in known
    }


def parse(
    text: str,
    *,
    name: str,
    folder: str,
    secrets: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Settings from a file's text, then secret files, the environment, the command line.

    Parameters
    ----------
    name
        The file's name, for messages.
    folder
        What relative paths start at.
    secrets
        Variable to the text of its file, see `secret_files`.
    environment
        Variables `REAUTH_SECTION__KEY`, lists as JSON; others are ignored.
    overrides
        "section.key" to value, from the command line.

    Raises
    ------
    SettingsError
        If a section or key is unknown (with the nearest known one), or a value is not of its type.
    """
    known = {(key.section, key.name): key for key in keys()}
    values = {_find(known, *where, name): value for where, value in _from_file(text, name)}
    for source in (secrets or {}, environment or {}):
        for where, value in _from_environment(source):
            found = _find(known, *where, "the environment")
            values[found] = _decode(known[found], value)
    for dotted, value in (overrides or {}).items():
        section, _, key_name = dotted.partition(".")
        values[_find(known, section, key_name, "the command line")] = value
    settings = Settings()
    for found, value in values.items():
        key = known[found]
        own = {key.attribute: _started(key, _value(key, value, name), folder)}
        part = replace(getattr(settings, key.section), **own)
        settings = replace(settings, **{key.section: part})
    for wrong in check(settings):
        raise SettingsError(f"{name}: {wrong}")
    return settings


def _from_file(text: str, name: str) -> Iterator[tuple[tuple[str, str], Any]]:
    try:
        raw = tomllib.loads(text)
    except ValueError as error:
        raise SettingsError(f"{name} is not TOML: {error}") from None
    sections = {section.name for section in fields(Settings)}
    for section, body in raw.items():
        if section not in sections:
            _unknown_section(name, section, sections)
        if not isinstance(body, dict):
            raise SettingsError(f"{name}: {section} is a section, [{section}]")
        yield from (((section, key_name), value) for key_name, value in body.items())


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], str]]:
    files = {f"{variable}_FILE" for variable in secret_files(environment)}
    for variable in sorted(environment.keys() - files):
        if variable.startswith(ENVIRONMENT_PREFIX) and "__" in variable:
            section, _, key_name = variable[len(ENVIRONMENT_PREFIX) :].lower().partition("__")
            yield (section, key_name), environment[variable].strip()


def _decode(key: Key, value: str) -> Any:
    """A variable's text as what the file would have held."""
    if key.type in (str, str | None):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise SettingsError(f'{key.variable} must be JSON, such as 5, true or ["a"]') from None


def _find(
    known: Mapping[tuple[str, str], Key], section: str, key_name: str, where: str
) -> tuple[str, str]:
    if (section, key_name) in known:
        return section, key_name
    if section not in (sections := {found for found, _ in known}):
        _unknown_section(where, section, sections)
    near = max(sorted(known), key=lambda other: _likeness((section, key_name), other))
    raise SettingsError(
        f"{where}: unknown key '{section}.{key_name}'; did you mean '{'.'.join(near)}'?"
    )


def _likeness(one: tuple[str, str], other: tuple[str, str]) -> float:
    """How alike two keys are; a key is rather put into another's section than misspelt badly."""
    section, name = (
        difflib.SequenceMatcher(None, *pair).ratio() for pair in zip(one, other, strict=True)
    )
    return section + 2 * name


def _unknown_section(where: str, section: str, known: set[str]) -> NoReturn:
    near = difflib.get_close_matches(section, sorted(known), n=1, cutoff=0.0)
    raise SettingsError(f"{where}: unknown section '{section}'; did you mean '{near[0]}'?")


def _value(key: Key, value: Any, name: str) -> Any:
    """What the tree holds for what was written; an empty text is none where that is possible."""
    wanted = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}
    basic = next((one for one in (key.type, *get_args(key.type)) if one in wanted), str)
    if get_origin(key.type) is tuple:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise SettingsError(f"{name}: {key.section}.{key.name} must be a list of strings")
        return tuple(value)
    number = type(value) in (int, float) and abs(value) < 1e15  # no NaN, no infinity
    if not (number if basic is float or key.unit else type(value) is basic):
        raise SettingsError(f"{name}: {key.section}.{key.name} must be {wanted[basic]}")
    if value == "" and key.default is None:
        return None
    if number and value < key.least:
        raise SettingsError(f"{name}: {key.section}.{key.name} must be {key.least:g} or more")
    return basic(value * key.scale) if key.unit else basic(value)


def _started(key: Key, value: Any, folder: str) -> Any:
    """A value with its path, if it holds one, made to start at a folder."""
    prefix = "" if key.path else _PATHS.get(key.name)
    if value is None or prefix is None or not value.startswith(prefix):
        return value
    path = value.removeprefix(prefix)
    told = path.startswith("/") or (prefix and not path)
    return value if told else f"{prefix}{folder.rstrip('/')}/{path}"
