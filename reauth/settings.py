"""mitm.toml, the environment and secret files, as one frozen tree.

Keys carry their unit (`pause_ms`); the tree holds seconds, pixels and bytes, under the key's name
without its unit. Every key, its default and its reason stand here once; `mitm.toml` repeats them
for the reader, and a test holds the two together.
"""

import difflib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, NoReturn, get_args, get_origin

from reauth.errors import SettingsError

ENVIRONMENT_PREFIX = "REAUTH_"
_LOOPBACK = r"localhost|::1|127(\.\d+){3}"
_UNITS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "hours": 3600.0, "days": 86400.0, "kib": 1024}


def _key(default: Any, why: str, unit: str = "", *, path: bool = False, least: float = 0) -> Any:
    """A field of the tree; `unit` ends its key in the file, `path` marks a file or folder."""
    value = default * _UNITS[unit] if unit else default
    metadata = {"why": why, "unit": unit, "default": default, "path": path, "least": least}
    if isinstance(value, list):
        return field(default_factory=lambda: tuple(value), metadata=metadata)
    return field(default=value, metadata=metadata)


@dataclass(frozen=True, slots=True)
class State:
    """[state]"""
    path: str = _key("/var/lib/reauth", "folder of all that this installation keeps", path=True)
    keys: str | None = _key(None, "token and claim secrets; keys.json in the state", path=True)


@dataclass(frozen=True, slots=True)
class Proxy:
    """[proxy]"""
    listen: str = _key("127.0.0.1:8080", "where browsers connect; port 0 takes any free one")
    processes: int = _key(0, "proxy processes that share the port; 0 means one a core")
    mode: str = _key("regular", "or transparent, upstream:URL, socks5, wireguard, reverse:URL")
    upstream_ca: str | None = _key(None, "PEM trusted towards origins besides ours", path=True)
    allow_private: tuple[str, ...] = _key([], "CIDRs of private origins that may be reached")
    exclude: tuple[str, ...] = _key([], "host patterns that are tunnelled, never decrypted")
    closed: tuple[str, ...] = _key([], "host patterns answered 503 rather than left unwatched")
    compress: bool = _key(False, "gzip injected pages; in a LAN identity costs less")
    head_budget: int = _key(64, "decoded bytes searched for the place of the tag", "kib")
    closed_buffer: int = _key(4096, "largest page of a closed site that is buffered", "kib")
    token_life: float = _key(12, "an older genuine page token counts as restored", "hours")
    forward_wait: float = _key(25, "batches are collected so long for the ingest", "ms")
    forward_queue: int = _key(2048, "batches that may wait in a proxy process; then 503", least=1)
    retry_after: float = _key(5, "Retry-After of our own 503", "s")


@dataclass(frozen=True, slots=True)
class Ingest:
    """[ingest]"""
    listen: str = _key("127.0.0.1:8081", "unix:PATH or HOST:PORT on loopback; not for browsers")
    commit_wait: float = _key(20, "group commit window", "ms")
    queue: int = _key(4096, "batches that may wait for a commit; 429 from 80 % on", least=1)
    batches_per_second: float = _key(4.0, "a person sends 0.5; sustained rate of one identity")
    burst: float = _key(40.0, "batches that one identity may send at once", least=1)
    bytes_per_second: float = _key(65536.0, "sustained bytes of one identity")
    body: int = _key(64, "largest batch", "kib", least=1)
    claim_age: float = _key(60, "older seals of the proxy are refused as stale", "s")
    reorder: float = _key(5, "wait for a missing batch before it counts as a gap", "s")
    tab_idle: float = _key(30, "a silent tab is put out of memory", "min")
    skew: float = _key(10, "a page clock further off gives way to the time of receipt", "min")
    allow_json: bool = _key(False, "accept the readable wire format too; for debugging")


@dataclass(frozen=True, slots=True)
class Console:
    """[console]"""
    listen: str = _key("127.0.0.1:8082", "unix:PATH or HOST:PORT; beyond loopback with TLS only")
    tls_cert: str | None = _key(None, "PEM certificate chain of the console", path=True)
    tls_key: str | None = _key(None, "its key", path=True)


@dataclass(frozen=True, slots=True)
class Metrics:
    """[metrics]"""
    listen: str = _key("127.0.0.1:8083", "unix:PATH or HOST:PORT of the Prometheus text")


@dataclass(frozen=True, slots=True)
class Ca:
    """[ca]"""
    path: str | None = _key(None, "folder of the CA; ca in the state folder", path=True)
    name: str = _key("reauth CA", "common name of a CA that we create")
    life: float = _key(365, "life of a CA that we create", "days")
    excluded: tuple[str, ...] = _key([], "DNS names that a new CA may never sign (constraints)")


@dataclass(frozen=True, slots=True)
class Identity:
    """[identity]"""
    default_user: str | None = _key(None, "trials only: who everyone unauthenticated is")
    htpasswd: str | None = _key(None, "bcrypt htpasswd of proxy users", path=True)
    address_map: str | None = _key(None, "CSV address_or_cidr,user; SIGHUP reloads", path=True)
    realm: str = _key("reauth", "realm shown by the browser when it asks for a password")


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """[store]"""
    url: str | None = _key(None, "sqlite:///PATH, sqlite://:memory:; store.db in the state folder")
    key_file: str | None = _key(None, "guards movement; store.key in the state folder", path=True)
    raw: float = _key(7, "batches as they came (7 to 14)", "days")
    trajectories: float = _key(30, "movement of people who are enrolled or gathering", "days")
    alerts: float = _key(365, "closed alerts", "days")


@dataclass(frozen=True, slots=True)
class IdentityLane:
    """[identity_lane]"""
    features: str = _key("medvet", "feature set")
    verifier: str = _key("svm", "what compares a trajectory with a template")
    policy: str = _key("window", "what turns scores into a verdict")
    window: int = _key(100, "w, scores that a verdict rests on (Medvet 2014: 50 to 500)", least=1)
    pause: float = _key(500, "such a pause ends a trajectory (Medvet 2014)", "ms", least=1)
    points: int = _key(10, "last events of a movement, a trajectory (Medvet 2014)", least=2)
    grid: float = _key(25, "least spacing of kept events (Medvet 2014: about 25 ms)", "ms")
    session_gap: float = _key(10, "such a pause ends a session (Medvet 2014)", "min", least=0.1)
    rest: float = _key(15, "silence of a tab after which its movement counts as finished", "s")


@dataclass(frozen=True, slots=True)
class Enrolment:
    """[enrolment]"""
    min_trajectories: int = _key(300, "least to train: 80 active minutes at Medvet's rate", least=2)
    full_trajectories: int = _key(1500, "at this many a template is trained anew")
    max_trajectories: int = _key(4000, "newest trajectories of the user that train")
    min_background_users: int = _key(3, "with fewer others a template is one-class, provisional")
    background_per_user: int = _key(400, "trajectories taken of each other user")
    false_alarms_per_8h: float = _key(1.0, "wanted in 8 active hours; sets the limit", least=0.001)
    automatic: bool = _key(True, "train as soon as enough is there")
    check: float = _key(60, "how often that is looked at", "s")
    svm_c: float = _key(10.0, "C of the SVM; the paper names none")


@dataclass(frozen=True, slots=True)
class Sinks:
    """[sinks]"""
    urls: tuple[str, ...] = _key(["jsonl:stderr"], "or jsonl:/PATH, webhook+http(s)://HOST/PATH")
    webhook_secret_file: str | None = _key(None, "whsec_ of Standard Webhooks", path=True)
    timeout: float = _key(15, "a delivery that takes longer has failed", "s")


@dataclass(frozen=True, slots=True)
class Privacy:
    """[privacy]"""
    keep_host: bool = _key(False, "keep the clear host beside its keyed hash")


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole tree."""

    state: State = field(default_factory=State)
    proxy: Proxy = field(default_factory=Proxy)
    ingest: Ingest = field(default_factory=Ingest)
    console: Console = field(default_factory=Console)
    metrics: Metrics = field(default_factory=Metrics)
    ca: Ca = field(default_factory=Ca)
    identity: Identity = field(default_factory=Identity)
    store: StoreSettings = field(default_factory=StoreSettings)
    identity_lane: IdentityLane = field(default_factory=IdentityLane)
    enrolment: Enrolment = field(default_factory=Enrolment)
    sinks: Sinks = field(default_factory=Sinks)
    privacy: Privacy = field(default_factory=Privacy)

    @property
    def keys_path(self) -> str:
        """File of the token and claim secrets."""
        return self.state.keys or f"{self.state.path}/keys.json"

    @property
    def ca_path(self) -> str:
        """Folder of the CA."""
        return self.ca.path or f"{self.state.path}/ca"

    @property
    def store_url(self) -> str:
        """Where the store is."""
        return self.store.url or f"sqlite:///{self.state.path.lstrip('/')}/store.db"

    @property
    def store_key_path(self) -> str:
        """File of the key that guards templates and movement."""
        return self.store.key_file or f"{self.state.path}/store.key"


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
        return _UNITS.get(self.unit, 1)

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
        own = {key.attribute: _value(key, value, name, folder)}
        part = replace(getattr(settings, key.section), **own)
        settings = replace(settings, **{key.section: part})
    _check(settings, name)
    return settings


def _from_file(text: str, name: str) -> Iterator[tuple[tuple[str, str], Any]]:
    try:
        raw = tomllib.loads(text)
    except ValueError as error:
        raise SettingsError(f"{name} is not TOML: {error}") from None
    sections = {section.name for section in fields(Settings)}
    for section, body in raw.items():
        if section not in sections:
            _unknown(name, section, sections, "section")
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
        _unknown(where, section, sections, "section")
    names = {f"{owner}.{found}" for owner, found in known if owner == section}
    _unknown(where, f"{section}.{key_name}", names, "key")


def _unknown(where: str, what: str, known: set[str], kind: str) -> NoReturn:
    near = difflib.get_close_matches(what, sorted(known), n=1, cutoff=0.0)
    raise SettingsError(f"{where}: unknown {kind} '{what}'; did you mean '{near[0]}'?")


def _value(key: Key, value: Any, name: str, folder: str) -> Any:
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
    if key.path:
        return value if value.startswith("/") else f"{folder.rstrip('/')}/{value}"
    return basic(value * key.scale) if key.unit else basic(value)


def _check(settings: Settings, name: str) -> None:
    """Refuse what no part of the program could work with."""
    for key in keys():
        value = getattr(getattr(settings, key.section), key.attribute)
        if isinstance(value, int | float) and value < key.least * key.scale:
            raise SettingsError(f"{name}: {key.section}.{key.name} must be {key.least:g} or more")
    mode = settings.proxy.mode.partition(":")[0]
    if mode not in ("regular", "transparent", "upstream", "socks5", "wireguard", "reverse"):
        raise SettingsError(f"{name}: proxy.mode '{mode}' is none that we know")
    if (settings.console.tls_cert is None) != (settings.console.tls_key is None):
        raise SettingsError(f"{name}: console.tls_cert and console.tls_key go together")
    doors = ("proxy", "ingest", "console", "metrics")
    near = {part: _near(getattr(settings, part).listen, f"{name}: {part}.listen") for part in doors}
    if not near["ingest"]:
        raise SettingsError(f"{name}: ingest.listen must be loopback or a Unix socket")
    if not near["console"] and settings.console.tls_cert is None:
        raise SettingsError(f"{name}: console.listen beyond loopback needs console.tls_cert")


def _near(listen: str, where: str) -> bool:
    found = address(listen, where)
    return isinstance(found, str) or bool(re.fullmatch(_LOOPBACK, found[0]))


def address(listen: str, where: str = "listen") -> tuple[str, int] | str:
    """(host, port), or the path of a Unix socket.

    Raises
    ------
    SettingsError
        If it is neither `unix:PATH` nor `HOST:PORT`.

    Examples
    --------
    >>> address("127.0.0.1:8080"), address("[::1]:0"), address("unix:/run/x.sock")
    (('127.0.0.1', 8080), ('::1', 0), '/run/x.sock')
    """
    if listen.startswith("unix:") and len(listen) > len("unix:"):
        return listen[len("unix:") :]
    host, _, port = listen.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise SettingsError(f"{where} must be HOST:PORT or unix:PATH, not '{listen}'")
    return host.strip("[]"), int(port)
