"""Every setting with its default, unit and reason, as one frozen tree.

Keys carry their unit (`pause_ms`); the tree holds seconds, pixels and bytes, under the key's name
without its unit. `mitm.toml` repeats what stands here for the reader, and a test holds the two
together.
"""

from dataclasses import dataclass, field
from typing import Any

UNITS = {
    "ms": 1e-3, "s": 1.0, "min": 60.0, "hours": 3600.0, "days": 86400.0,
    "kib": 1 << 10, "mib": 1 << 20,
}  # fmt: skip


def _key(default: Any, why: str, unit: str = "", *, path: bool = False, least: float = 0) -> Any:
    """A field of the tree; `unit` ends its key in the file, `path` marks a file or folder."""
    value = default * UNITS[unit] if unit else default
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
    recycle_requests: int = _key(0, "a process is replaced after so many; 0 means never")
    recycle_rss: int = _key(512, "a process is replaced that is larger; 0 means never", "mib")
    drain: float = _key(60, "what a process that is replaced may finish in", "min")
    mode: str = _key("regular", "or transparent, upstream:URL, socks5, wireguard, reverse:URL")
    upstream_ca: str | None = _key(None, "PEM trusted towards origins besides ours", path=True)
    allow_private: tuple[str, ...] = _key([], "CIDRs of private origins that may be reached")
    proxy_protocol_from: tuple[str, ...] = _key([], "CIDRs of balancers that name their clients")
    connect_ports: tuple[str, ...] = _key([], "ports to be asked for; none: all that browsers use")
    exclude: tuple[str, ...] = _key([], "host patterns that are tunnelled, never decrypted")
    tunnel_browsers: tuple[str, ...] = _key([], "host patterns learnt from browsers' refusals too")
    closed: tuple[str, ...] = _key([], "host patterns answered 503 rather than left unwatched")
    observe: bool = _key(True, "false: nobody is observed, pages pass as they come; SIGHUP reloads")
    compress: bool = _key(False, "gzip injected pages; in a LAN identity costs less")
    head_budget: int = _key(64, "decoded bytes searched for the place of the tag", "kib")
    closed_buffer: int = _key(4096, "largest page of a closed site that is buffered", "kib")
    honour_no_transform: bool = _key(False, "leave pages alone that say `no-transform`")
    idle_timeout: int = _key(600, "connections are closed that are silent so long", "s", least=1)
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
    bad_tokens: int = _key(100, "refused page tokens of one sender that are an alert", least=1)
    bad_tokens_within: float = _key(10, "time in which they must be refused", "min", least=1)
    allow_json: bool = _key(False, "accept the readable wire format too; for debugging")


@dataclass(frozen=True, slots=True)
class Console:
    """[console]"""

    listen: str = _key("127.0.0.1:8082", "unix:PATH or HOST:PORT; beyond loopback with TLS only")
    tls_cert: str | None = _key(None, "PEM certificate chain of the console", path=True)
    tls_key: str | None = _key(None, "its key", path=True)
    url: str | None = _key(None, "https://NAME[:PORT] under which browsers ask for it")
    login_idle: float = _key(60, "a login without a request ends after", "min", least=1)
    login_life: float = _key(12, "any login ends after", "hours", least=0.1)


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
    ldap_url: str | None = _key(None, "directory that knows the passwords of proxy users")
    ldap_base: str = _key("", "where in it users are looked for")
    ldap_filter: str = _key("(uid={user})", "by what; {user} is the name that was typed, escaped")
    ldap_attribute: str = _key("uid", "what a user found there is known by")
    ldap_bind: str | None = _key(None, "the name by which we look; nobody's if none is given")
    ldap_password_file: str | None = _key(None, "its password, mode 0600", path=True)
    ldap_ca: str | None = _key(None, "PEM that vouches for the directory", path=True)
    client_ca: str | None = _key(None, "PEM of who signs clients' certificates", path=True)
    certificate_field: str = _key("common_name", "where the user stands in one, or email")
    upstream_header: str | None = _key(None, "in which a listed proxy names the user")
    upstream_peers: tuple[str, ...] = _key([], "CIDRs of the proxies whose header is believed")
    radius_listen: str | None = _key(None, "HOST:PORT (UDP) of a RADIUS accounting listener")
    radius_secret_file: str | None = _key(None, "its shared secret, mode 0600", path=True)
    radius_idle: float = _key(60, "a session of which nothing is heard has ended", "min", least=1)
    leases: str | None = _key(None, "Kea's lease file (memfile CSV)", path=True)
    devices: str | None = _key(None, "CSV hardware_address,user for it", path=True)
    realm: str = _key("reauth", "realm shown by the browser when it asks for a password")


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """[store]"""

    url: str | None = _key(None, "sqlite:///PATH, sqlite://:memory:; store.db in the state folder")
    key_file: str | None = _key(None, "guards movement; store.key in the state folder", path=True)
    raw: float = _key(7, "batches as they came (7 to 14)", "days")
    trajectories: float = _key(30, "movement of people who are enrolled or gathering", "days")
    alerts: float = _key(365, "closed alerts", "days")
    audit: float = _key(730, "entries of the audit", "days")
    unseen: float = _key(90, "alerts that nobody has acknowledged expire after", "days")
    deliveries: float = _key(30, "the log of what sinks were told", "days")


@dataclass(frozen=True, slots=True)
class IdentityLane:
    """[identity_lane]"""

    features: str = _key("", "feature set; none: the one that the verifier is made for")
    verifier: str = _key("svm", "what compares a trajectory with a template")
    policy: str = _key("window", "what turns scores into a verdict")
    window: int = _key(100, "w, scores that a verdict rests on (Medvet 2014: 50 to 500)", least=1)
    pause: float = _key(500, "such a pause ends a trajectory (Medvet 2014)", "ms", least=1)
    points: int = _key(10, "last events of a movement, a trajectory (Medvet 2014)", least=2)
    grid: float = _key(25, "least spacing of kept events (Medvet 2014: about 25 ms)", "ms")
    session_gap: float = _key(10, "such a pause ends a session (Medvet 2014)", "min", least=0.1)
    rest: float = _key(15, "silence of a session after which its last movements are judged", "s")


@dataclass(frozen=True, slots=True)
class BotLane:
    """[bot_lane]"""

    on: bool = _key(True, "ask whether a hand moves the pointer")
    detector: str = _key("default", "what tells a hand from a program")
    policy: str = _key("cusum", "what turns its scores into a verdict, or sprt")
    bound: float = _key(10.0, "nats of evidence that are an alarm", least=0.1)


@dataclass(frozen=True, slots=True)
class ReplayLane:
    """[replay_lane]"""

    on: bool = _key(True, "ask whether movement has been seen before")
    detector: str = _key("turned", "what knows movement again")
    policy: str = _key("cusum", "what turns its scores into a verdict, or sprt")
    bound: float = _key(10.0, "nats of evidence that are an alarm", least=0.1)
    movements: int = _key(100_000, "newest movements that are known again, of everybody", least=1)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """[enrolment]"""

    min_trajectories: int = _key(300, "least to train: 80 active minutes at Medvet's rate", least=2)
    full_trajectories: int = _key(1500, "at this many a template is trained anew")
    max_trajectories: int = _key(4000, "newest trajectories of the user that train")
    min_background_users: int = _key(3, "with fewer others a template is one-class, provisional")
    background_per_user: int = _key(400, "trajectories taken of each other user")
    false_alarms_per_8h: float = _key(1.0, "wanted in 8 active hours; sets the limit", least=0.001)
    adapt_after: int = _key(500, "so many genuine ones later a template is learnt anew; 0: never")
    quarantine: float = _key(24, "a session must be so old to teach: alarms may come late", "hours")
    automatic: bool = _key(True, "train as soon as enough is there")
    check: float = _key(60, "how often that is looked at", "s")
    svm_c: float = _key(10.0, "C of the SVM; the paper names none")


@dataclass(frozen=True, slots=True)
class Alerts:
    """[alerts]"""

    brake: float = _key(60, "alarms of many people in this time are one finding", "min", least=1)
    brake_users: int = _key(5, "so many people at least", least=2)
    brake_share: float = _key(0.1, "and this share of those who were compared", least=0.001)
    assets: str | None = _key(None, "CSV user|site,name,criticality; weighs alerts", path=True)
    budget_per_day: int = _key(0, "alerts told in a day, critical ones besides; 0: all", least=0)
    escalate_after: float = _key(0, "nobody took it for so long: told further; 0: never", "min")
    escalate_to: tuple[str, ...] = _key([], "sinks that are told then, and only then")
    resembles: bool = _key(False, "name another user who moves alike; evidence, no proof")


@dataclass(frozen=True, slots=True)
class Absence:
    """[absence]"""

    on: bool = _key(True, "look for programs that use no pointer, and for what no hand can make")
    within: float = _key(10, "time in which what is counted below must fall", "min", least=1)
    spacing: float = _key(5, "pages and changes closer than this count once", "s")
    silent_pages: int = _key(10, "watched pages served to a client that are not heard of", least=2)
    acts: int = _key(20, "pages and changes since the last input", least=2)
    untrusted: int = _key(20, "synthetic events beside some of those", least=1)
    clicks: int = _key(20, "fast presses in a row where the pointer never went", least=2)
    two_places: float = _key(60, "both clients of a user move so long; 0: never", "s")
    automation: bool = _key(False, "navigator.webdriver alone is an alert; else it is evidence")


@dataclass(frozen=True, slots=True)
class Sinks:
    """[sinks]"""

    urls: tuple[str, ...] = _key(["jsonl:stderr"], "or jsonl:/PATH, webhook+http(s)://HOST/PATH")
    webhook_secret_file: str | None = _key(None, "whsec_ of Standard Webhooks", path=True)
    hec_token_file: str | None = _key(None, "token of Splunk's HTTP event collector", path=True)
    smtp_password_file: str | None = _key(None, "password of the name in smtp://NAME@", path=True)
    ticket_secret_file: str | None = _key(None, "what tickets authenticate by", path=True)
    ticket_templates: str = _key("/etc/reauth/tickets", "folder of NAME.json.j2", path=True)
    mail_from: str = _key("", "sender of mail")
    mail_to: tuple[str, ...] = _key([], "who gets mail")
    ca_file: str | None = _key(None, "PEM trusted by TLS sinks beside the system's", path=True)
    allow_private: tuple[str, ...] = _key([], "CIDRs that a name in a sink's URL may lead to")
    pseudonyms: str = _key("chat", "to whom users go by other names: none, chat, all")
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
    bot_lane: BotLane = field(default_factory=BotLane)
    replay_lane: ReplayLane = field(default_factory=ReplayLane)
    enrolment: Enrolment = field(default_factory=Enrolment)
    alerts: Alerts = field(default_factory=Alerts)
    absence: Absence = field(default_factory=Absence)
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
