"""mitm.toml, the environment and secret files, as one frozen tree.

Keys carry their unit (`pause_ms`); the tree holds seconds, pixels and bytes, under the key's name
without its unit. Every key, its default and its reason stand here once; `mitm.toml` repeats them
for the reader, and a test holds the two together.
"""

import difflib
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, NoReturn, get_args, get_origin

from reauth.errors import SettingsError

ENVIRONMENT_PREFIX = "REAUTH_"
_UNITS = {"ms": 1e-3, "s": 1.0, "min": 60.0, "hours": 3600.0, "days": 86400.0, "kib": 1024}


def _key(default: Any, why: str, unit: str = "", *, path: bool = False) -> Any:
    """A field of the tree; `unit` ends its key in the file, `path` marks a file or folder."""
    scale = _UNITS.get(unit, 1)
    value = default * scale if unit else default
    metadata = {"why": why, "unit": unit, "default": default, "path": path}
    if isinstance(value, list):
        return field(default_factory=lambda: tuple(value), metadata=metadata)
    return field(default=value, metadata=metadata)


@dataclass(frozen=True, slots=True)
class State:
    """[state]"""

    path: str = _key(
        "/var/lib/reauth", "folder of everything this installation keeps", path=True
    )
    keys: str | None = _key(
        None, "file of the token and claim secrets; keys.json in the state folder", path=True
    )


@dataclass(frozen=True, slots=True)
class Proxy:
    """[proxy]"""

    listen: str = _key("127.0.0.1:8080", "where browsers connect; port 0 takes any free one")
    processes: int = _key(0, "proxy processes that share the port; 0 means one a core")
    mode: str = _key(
        "regular", "regular, transparent, upstream:URL, socks5, wireguard or reverse:URL"
    )
    upstream_ca: str | None = _key(
        None, "PEM file trusted towards origins besides the system's", path=True
    )
    allow_private: tuple[str, ...] = _key(
        [], "CIDRs of private or loopback origins that may be reached"
    )
    exclude: tuple[str, ...] = _key([], "host patterns that are tunnelled, never decrypted")
    closed: tuple[str, ...] = _key(
        [], "host patterns answered 503 rather than served unwatched"
    )
    compress: bool = _key(
        False, "gzip injected pages towards the browser; in a LAN identity costs less"
    )
    head_budget: int = _key(
        64, "decoded bytes searched for the place of the tag before giving up", "kib"
    )
    closed_buffer: int = _key(4096, "largest page of a closed site that is buffered", "kib")
    token_life: float = _key(
        12, "life of a page token; an older genuine one counts as restored", "hours"
    )
    forward_wait: float = _key(
        25, "batches are collected so long before they go to the ingest", "ms"
    )
    forward_queue: int = _key(2048, "batches that may wait in one proxy process; beyond it 503")
    retry_after: float = _key(5, "Retry-After of our own 503", "s")


@dataclass(frozen=True, slots=True)
class Ingest:
    """[ingest]"""

    listen: str = _key(
        "127.0.0.1:8081", "unix:PATH or HOST:PORT; loopback only, never reachable by browsers"
    )
    commit_wait: float = _key(20, "group commit window", "ms")
    queue: int = _key(4096, "batches that may wait for a commit; 429 from 80 %, 503 when full")
    batches_per_second: float = _key(4.0, "a person sends 0.5; sustained rate of one identity")
    burst: float = _key(40.0, "batches that one identity may send at once")
    bytes_per_second: float = _key(65536.0, "sustained bytes of one identity")
    body: int = _key(64, "largest batch", "kib")
    claim_age: float = _key(60, "older seals of the proxy are refused as stale", "s")
    reorder: float = _key(5, "wait for a missing batch before it counts as a gap", "s")
    tab_idle: float = _key(30, "a silent tab is put out of memory", "min")
    skew: float = _key(
        10, "a page clock further off than this is replaced by the time of receipt", "min"
    )
    allow_json: bool = _key(False, "accept the readable wire format too; for debugging")


@dataclass(frozen=True, slots=True)
class Console:
    """[console]"""

    listen: str = _key("127.0.0.1:8082", "unix:PATH or HOST:PORT; plain http on loopback only")
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
    excluded: tuple[str, ...] = _key(
        [], "DNS names that a CA that we create may never sign (name constraints)"
    )


@dataclass(frozen=True, slots=True)
class Identity:
    """[identity]"""

    default_user: str | None = _key(
        None, "for trials only: everyone unauthenticated is this user"
    )
    htpasswd: str | None = _key(None, "bcrypt htpasswd of proxy users", path=True)
    address_map: str | None = _key(
        None, "CSV address_or_cidr,user; the longest prefix wins; reloaded on SIGHUP", path=True
    )
    realm: str = _key("reauth", "realm shown by the browser when it asks for a password")


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """[store]"""

    url: str | None = _key(
        None, "sqlite:///PATH, sqlite://:memory:; store.db in the state folder"
    )
    key_file: str | None = _key(
        None, "key that guards templates and movement; store.key in the state folder", path=True
    )
    raw: float = _key(7, "batches as they came (7 to 14)", "days")
    trajectories: float = _key(30, "movement of people who are enrolled or gathering", "days")
    alerts: float = _key(365, "closed alerts", "days")


@dataclass(frozen=True, slots=True)
class IdentityLane:
    """[identity_lane]"""

    features: str = _key("medvet", "feature set")
    verifier: str = _key("svm", "what compares a trajectory with a template")
    policy: str = _key("window", "what turns scores into a verdict")
    window: int = _key(100, "w, scores that a verdict rests on (Medvet 2014: 50 to 500)")
    pause: float = _key(500, "a pause this long ends a trajectory (Medvet 2014)", "ms")
    points: int = _key(10, "last events of a movement that make a trajectory (Medvet 2014)")
    grid: float = _key(25, "least spacing of kept events (Medvet 2014: about 25 ms)", "ms")
    session_gap: float = _key(10, "a pause this long ends a session (Medvet 2014)", "min")
    rest: float = _key(
        15, "silence of a tab after which its open movement counts as finished", "s"
    )


@dataclass(frozen=True, slots=True)
class Enrolment:
    """[enrolment]"""

    min_trajectories: int = _key(
        300, "below it nothing is trained: about 80 active minutes at Medvet's rate"
    )
    full_trajectories: int = _key(1500, "at this many a template is trained anew")
    max_trajectories: int = _key(4000, "newest trajectories of the user that train")
    min_background_users: int = _key(
        3, "with fewer other users the template is one-class and provisional"
    )
    background_per_user: int = _key(400, "trajectories taken of each other user")
    false_alarms_per_8h: float = _key(
        1.0, "false alarms wanted in 8 active hours; sets each user's limit"
    )
    automatic: bool = _key(True, "train as soon as enough is there")
    check: float = _key(60, "how often that is looked at", "s")
    svm_c: float = _key(10.0, "C of the SVM; the paper names none")


@dataclass(frozen=True, slots=True)
class Sinks:
    """[sinks]"""

    urls: tuple[str, ...] = _key(
        ["jsonl:stderr"], "jsonl:stderr, jsonl:/PATH, webhook+http(s)://..."
    )
    webhook_secret_file: str | None = _key(
        None, "file with the whsec_ secret of Standard Webhooks", path=True
    )
    timeout: float = _key(15, "a delivery that takes longer has failed", "s")


@dataclass(frozen=True, slots=True)
class Privacy:
    """[privacy]"""

    keep_host: bool = _key(False, "keep the clear host beside its keyed hash")


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole tree; `folder` is what relative paths start at."""

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
    attribute: str
    type: Any


def _key_of(section: str, item: Field[Any]) -> Key:
    unit = item.metadata["unit"]
    name = f"{item.name}_{unit}" if unit else item.name
    meta = item.metadata
    return Key(
        section, name, meta["default"], unit, meta["why"], meta["path"], item.name, item.type
    )


def keys() -> Iterator[Key]:
    """Every key there is, in the order of the file."""
    for section in fields(Settings):
        for item in fields(section.type):  # type: ignore[arg-type] # always a dataclass here
            yield _key_of(section.name, item)


def parse(
    text: str,
    *,
    name: str,
    folder: str,
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Settings from the text of a file, then the environment, then the command line.

    Parameters
    ----------
    name
        The file's name, for messages.
    folder
        What relative paths start at.
    environment
        Variables `REAUTH_SECTION__KEY`, lists as JSON; others are ignored.
    overrides
        "section.key" to value, from the command line.

    Raises
    ------
    SettingsError
        If a section or key is unknown (with the nearest known one), or a value is not of its type.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{name} is not TOML: {error}") from None
    known = {(key.section, key.name): key for key in keys()}
    values: dict[tuple[str, str], Any] = {}
    for section, body in raw.items():
        if not isinstance(body, dict):
            _unknown(name, section, {key.section for key in known.values()}, "section")
        for key_name, value in body.items():
            values[_find(known, section, key_name, name)] = value
    for variable, value in _from_environment(environment or {}):
        section, key_name = variable
        found = _find(known, section, key_name, "the environment")
        values[found] = _decode(known[found], value)
    for dotted, value in (overrides or {}).items():
        section, _, key_name = dotted.partition(".")
        values[_find(known, section, key_name, "the command line")] = value
    return _tree(known, values, name, folder)


def _from_environment(
    environment: Mapping[str, str],
) -> Iterator[tuple[tuple[str, str], str]]:
    for variable in sorted(environment):
        if variable.startswith(ENVIRONMENT_PREFIX) and "__" in variable:
            section, _, key_name = variable[len(ENVIRONMENT_PREFIX) :].lower().partition("__")
            yield (section, key_name), environment[variable]


def _decode(key: Key, value: str) -> Any:
    """A variable's text as what the file would have held."""
    if key.type in (str, str | None):
        return value
    try:
        return json.loads(value)
    except ValueError:
        variable = f"{ENVIRONMENT_PREFIX}{key.section.upper()}__{key.name.upper()}"
        raise SettingsError(f"{variable} must be JSON, such as 5, true or [\"a\"]") from None


def _find(
    known: Mapping[tuple[str, str], Key], section: str, key_name: str, where: str
) -> tuple[str, str]:
    if (section, key_name) in known:
        return section, key_name
    sections = {found for found, _ in known}
    if section not in sections:
        _unknown(where, section, sections, "section")
    names = {found for owner, found in known if owner == section}
    _unknown(where, f"{section}.{key_name}", {f"{section}.{found}" for found in names}, "key")


def _unknown(where: str, what: str, known: set[str], kind: str) -> NoReturn:
    near = difflib.get_close_matches(what, sorted(known), n=1, cutoff=0.0)
    raise SettingsError(f"{where}: unknown {kind} '{what}'; did you mean '{near[0]}'?")


def _tree(
    known: Mapping[tuple[str, str], Key],
    values: Mapping[tuple[str, str], Any],
    name: str,
    folder: str,
) -> Settings:
    given: dict[str, dict[str, Any]] = {}
    for where, value in values.items():
        key = known[where]
        given.setdefault(key.section, {})[key.attribute] = _value(key, value, name, folder)
    sections: dict[str, Any] = {}
    for section in fields(Settings):
        own = dict(given.get(section.name, {}))
        if section.name == "state" and "path" not in own:
            own["path"] = State().path
        sections[section.name] = section.type(**own)  # type: ignore[operator] # a dataclass
    settings = Settings(**sections)
    _check(settings, name)
    return settings


def _value(key: Key, value: Any, name: str, folder: str) -> Any:
    wanted = {str: "a string", int: "a whole number", float: "a number", bool: "true or false"}
    basic = next((one for one in (key.type, *get_args(key.type)) if one in wanted), str)
    if get_origin(key.type) is tuple:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise SettingsError(f"{name}: {key.section}.{key.name} must be a list of strings")
        return tuple(value)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = number if basic is float or key.unit else type(value) is basic
    if not fits:
        raise SettingsError(f"{name}: {key.section}.{key.name} must be {wanted[basic]}")
    if key.path:
        return value if value.startswith("/") else f"{folder.rstrip('/')}/{value}"
    scaled = value * _UNITS[key.unit] if key.unit else value
    return basic(scaled)


_LEAST: dict[str, float] = {
    "proxy.processes": 0,
    "identity_lane.window": 1,
    "identity_lane.points": 2,
    "enrolment.min_trajectories": 2,
    "ingest.queue": 1,
}


def _check(settings: Settings, name: str) -> None:
    """Refuse what no part of the program could work with."""
    for key in keys():
        value = getattr(getattr(settings, key.section), key.attribute)
        least = _LEAST.get(f"{key.section}.{key.name}", 0)
        if isinstance(value, int | float) and value < least:
            raise SettingsError(f"{name}: {key.section}.{key.name} must be at least {least:g}")
    mode = settings.proxy.mode.partition(":")[0]
    if mode not in ("regular", "transparent", "upstream", "socks5", "wireguard", "reverse"):
        raise SettingsError(f"{name}: proxy.mode '{mode}' is none that we know")
    if (settings.console.tls_cert is None) != (settings.console.tls_key is None):
        raise SettingsError(f"{name}: console.tls_cert and console.tls_key go together")
    for section in ("proxy", "ingest", "console", "metrics"):
        address(getattr(settings, section).listen, f"{name}: {section}.listen")


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
    if not host or not port.isdigit() or int(port) > 65535:
        raise SettingsError(f"{where} must be HOST:PORT or unix:PATH, not '{listen}'")
    return host.strip("[]"), int(port)
