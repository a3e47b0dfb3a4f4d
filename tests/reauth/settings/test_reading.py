"""Settings: every key round-trips, whatever is wrong is named, and the order of sources holds."""

import json
from dataclasses import fields

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reauth import settings
from reauth.errors import SettingsError
from reauth.settings import Settings

KEYS = {f"{key.section}.{key.name}": key for key in settings.keys()}
UNITS = {
    "": 1, "ms": 1e-3, "s": 1, "min": 60, "hours": 3600, "days": 86400, "kib": 2**10, "mib": 2**20,
}  # fmt: skip
OTHER = {
    "proxy.listen": "[::1]:0",
    "log.level": "error",
    "log.format": "text",
    "log.access_share": 0.5,
    "tracing.endpoint": "https://collector.example/v1/traces",
    "tracing.share": 0.5,
    "proxy.mode": "upstream:http://192.0.2.1:3128",
    "ingest.listen": "unix:/run/reauth/ingest.sock",
    "console.listen": "localhost:0",
    "metrics.listen": "192.0.2.9:9100",
    "proxy.allow_private": ["10.0.0.0/8", "fd00::/8"],
    "proxy.proxy_protocol_from": ["10.0.0.0/8", "fd00::/8"],
    "proxy.connect_ports": ["443", "8000-8999"],
    "console.url": "https://reauth.example.org",
    "oidc.issuer": "https://login.example.org",
    "oidc.scopes": ["openid", "groups"],
    "identity.ldap_url": "ldaps://directory.example",
    "identity.ldap_filter": "(cn={user})",
    "identity.certificate_field": "email",
    "identity.upstream_peers": ["10.0.0.0/8", "fd00::/8"],
    "store.url": "sqlite:///another",
    "sinks.allow_private": ["10.0.0.0/8", "fd00::/8"],
    "sinks.pseudonyms": "all",
}
every_key = pytest.mark.parametrize("name", KEYS)


def parse(text="", **given):
    """Settings of a file in the folder /etc/reauth."""
    return settings.parse(text, name="mitm.toml", folder="/etc/reauth", **given)


def held(tree, name):
    """What the tree holds for a key of the file."""
    return getattr(getattr(tree, KEYS[name].section), KEYS[name].attribute)


def another(name):
    """A legal value that is not the default, as the file would hold it."""
    default = KEYS[name].default
    if name in OTHER:
        return OTHER[name]
    if isinstance(default, bool):
        return not default
    if isinstance(default, int | float):
        return default + 3
    if isinstance(default, list):
        return ["one", "two"]
    return "/another"


def written(name, value):
    """A file with one key; TOML reads JSON's numbers, texts and lists alike."""
    section, _, key = name.partition(".")
    text = f"[{section}]\n{key} = {json.dumps(value)}\n"
    pair = {"tls_cert": "tls_key", "tls_key": "tls_cert"}.get(key)
    return text + f'{pair} = "/pair.pem"\n' if pair else text


def test_nothing_written_is_the_default():
    """An empty file is a legal one: the product starts with what is shipped."""
    assert Settings() == parse()


@every_key
def test_every_key_round_trips_in_its_unit(name):
    """Seconds and bytes inside, whatever the unit of the file is."""
    value = another(name)
    expected = tuple(value) if isinstance(value, list) else value
    if KEYS[name].unit:
        expected = pytest.approx(value * UNITS[KEYS[name].unit])

    assert expected == held(parse(written(name, value)), name)


@every_key
def test_the_default_of_every_key_may_be_written_down(name):
    """A file that repeats all defaults means what an empty one means."""
    default = KEYS[name].default

    assert Settings() == parse("" if default is None else written(name, default))


@every_key
def test_every_key_says_why_it_is(name):
    """The reason stands beside the key, in the tree and in the shipped file."""
    assert KEYS[name].why
    assert KEYS[name].unit in UNITS


@every_key
def test_every_key_has_a_variable(name):
    """REAUTH_SECTION__KEY, lists and numbers as JSON, texts as they are."""
    value = another(name)
    text = value if isinstance(value, str) else json.dumps(value)
    told = {KEYS[name].variable: text}
    if name in ("console.tls_cert", "console.tls_key"):
        told = {"REAUTH_CONSOLE__TLS_CERT": text, "REAUTH_CONSOLE__TLS_KEY": text}

    assert held(parse(written(name, value)), name) == held(parse(environment=told), name)


@every_key
def test_a_value_of_another_type_is_refused_by_name(name):
    """`window = "100"` is a slip; guessing at it would hide the next one."""
    wrong = 5 if isinstance(KEYS[name].default, str | list | None) else "5"

    with pytest.raises(SettingsError, match=rf"mitm.toml: {name} must be "):
        parse(written(name, wrong))


def test_the_command_line_goes_before_the_environment_and_that_before_files():
    """Command line, environment, secret file, file, default: the nearer to the hand, the later."""
    file = '[identity]\nrealm = "file"'
    secret = {"secrets": {"REAUTH_IDENTITY__REALM": "secret\n"}}
    variable = {"environment": {"REAUTH_IDENTITY__REALM": "variable"}}
    line = {"overrides": {"identity.realm": "line"}}

    told = [{}, secret, secret | variable, secret | variable | line]
    assert ["reauth", "file", "secret", "variable", "line"] == [
        parse().identity.realm,
        *(parse(file, **given).identity.realm for given in told),
    ]


def test_a_secret_file_is_a_variable_that_ends_in_file():
    """It is handed to the caller to read, and is itself no key; keys that end so stay keys."""
    told = {
        "REAUTH_IDENTITY__DEFAULT_USER_FILE": "/run/secrets/user",
        "REAUTH_STORE__KEY_FILE": "/run/secrets/store.key",
        "HOME": "/root",
    }

    assert {"REAUTH_IDENTITY__DEFAULT_USER": "/run/secrets/user"} == settings.secret_files(told)
    assert "/run/secrets/store.key" == parse(environment=told).store.key_file


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("[identity_lane]\nwindows = 5", "identity_lane.window"),
        ("[identity_lane]\npause = 5", "identity_lane.pause_ms"),
        ("[proxy]\nhtpasswd = 'x'", "identity.htpasswd"),
        ("[identity]\nconnect_ports = 'x'", "proxy.connect_ports"),
        ("[console]\nlisen = 'x'", "console.listen"),
        ("[proxi]\nlisten = 'x'", "proxy"),
        ("[proxi]", "proxy"),
        ("proxy_listen = 5", "proxy"),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(text, nearest):
    """A misspelt key would else be a default that nobody asked for."""
    with pytest.raises(SettingsError, match=rf"mitm.toml: unknown .*; did you mean '{nearest}'\?"):
        parse(text)


@given(st.from_regex(r"[a-z][a-z_]{0,14}", fullmatch=True))
def test_any_unknown_name_is_refused_wherever_it_comes_from(name):
    """File, environment and command line are held to the same keys."""
    assume(f"ingest.{name}" not in KEYS)
    for told in (
        {"text": f"[ingest]\n{name} = 1"},
        {"environment": {f"REAUTH_INGEST__{name.upper()}": "1"}},
        {"overrides": {f"ingest.{name}": 1}},
    ):
        with pytest.raises(SettingsError, match=f"unknown key 'ingest.{name}'"):
            parse(**told)


def test_an_unknown_section_is_refused_wherever_it_comes_from():
    """As in the file."""
    for told in (
        {"environment": {"REAUTH_PROXI__LISTEN": "x"}},
        {"overrides": {"proxi.listen": "x"}},
    ):
        with pytest.raises(SettingsError, match="unknown section 'proxi'; did you mean 'proxy'"):
            parse(**told)


def test_variables_of_others_are_none_of_ours():
    """The environment is shared; only REAUTH_SECTION__KEY speaks to us."""
    told = {"REAUTH_HOME": "/x", "PROXY__LISTEN": "y", "LANG": "C"}

    assert Settings() == parse(environment=told)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "not TOML"),
        ("[identity_lane]\nwindow = " + "9" * 5000, "not TOML"),
        ("proxy = 5", r"proxy is a section, \[proxy\]"),
        ("[[proxy]]\nlisten = '127.0.0.1:1'", r"proxy is a section, \[proxy\]"),
        ("[identity_lane]\nwindow = 0", "window must be 1 or more"),
        ("[identity_lane]\npause_ms = 0.5", "pause_ms must be 1 or more"),
        ("[identity_lane]\nsession_gap_min = 0", "session_gap_min must be 0.1 or more"),
        ("[identity_lane]\npause_ms = nan", "pause_ms must be a number"),
        ("[identity_lane]\npause_ms = inf", "pause_ms must be a number"),
        ("[identity_lane]\npause_ms = true", "pause_ms must be a number"),
        ("[identity_lane]\nwindow = 5.0", "window must be a whole number"),
        ("[proxy]\nprocesses = -1", "processes must be 0 or more"),
        ("[log]\nlevel = 'loud'", "mitm.toml: log.level is one of debug, info"),
        ("[log]\nformat = 'xml'", "mitm.toml: log.format is one of json, text"),
        ("[log]\naccess_share = 2.0", "mitm.toml: log.access_share is a share, 0 to 1"),
        ("[tracing]\nendpoint = 'http://a:b@c/'", "mitm.toml: tracing.endpoint is http"),
        ("[proxy]\nmode = 'sideways'", "mitm.toml: proxy.mode 'sideways' is none that we know"),
        ("[proxy]\nexclude = ['a', 5]", "exclude must be a list of strings"),
    ],
)
def test_what_cannot_be_taken_in_is_refused_at_the_start(text, says):
    """Better one line now than a traceback in the first session."""
    with pytest.raises(SettingsError, match=says):
        parse(text)


def test_a_list_in_the_environment_is_json():
    """Commas are legal in host patterns; JSON has one meaning."""
    told = {"REAUTH_PROXY__EXCLUDE": '["*.bank.example", "a.example"]'}

    assert ("*.bank.example", "a.example") == parse(environment=told).proxy.exclude
    with pytest.raises(SettingsError, match="REAUTH_PROXY__EXCLUDE must be JSON"):
        parse(environment={"REAUTH_PROXY__EXCLUDE": "a.example"})


def test_relative_paths_start_at_the_folder_of_the_file():
    """Whoever starts the program from wherever gets the same files."""
    tree = parse('[state]\npath = "../state"\n[identity]\nhtpasswd = "/srv/htpasswd"')

    assert "/etc/reauth/../state" == tree.state.path
    assert "/srv/htpasswd" == tree.identity.htpasswd


@pytest.mark.parametrize("part", ["ingest", "console", "metrics"])
def test_a_relative_socket_starts_there_too(part):
    """Whoever starts the program from wherever listens at the same place."""
    for told, meant in (("run/x", "/etc/reauth/run/x"), ("/run/x", "/run/x")):
        tree = parse(f'[{part}]\nlisten = "unix:{told}"')
        assert f"unix:{meant}" == getattr(tree, part).listen


def test_the_keys_of_wireguard_lie_there_too():
    """The one mode that takes a path."""
    modes = ("wireguard:wg.conf", "wireguard:/wg.conf", "wireguard")

    assert ["wireguard:/etc/reauth/wg.conf", *modes[1:]] == [
        parse(f'[proxy]\nmode = "{mode}"').proxy.mode for mode in modes
    ]


def test_the_state_folder_holds_what_no_key_puts_elsewhere():
    """One folder to back up, one to forbid."""
    tree = parse('[state]\npath = "/s"')

    assert ["/s/keys.json", "/s/ca", "sqlite:///s/store.db", "/s/store.key"] == [
        tree.keys_path,
        tree.ca_path,
        tree.store_url,
        tree.store_key_path,
    ]


def test_what_a_key_puts_elsewhere_is_there():
    """Each of them has a key of its own."""
    text = '[state]\nkeys = "/k"\n[ca]\npath = "/c"\n[store]\nurl = "sqlite:///d"\nkey_file = "/f"'
    tree = parse(text)

    assert ["/k", "/c", "sqlite:///d", "/f"] == [
        tree.keys_path,
        tree.ca_path,
        tree.store_url,
        tree.store_key_path,
    ]


def test_an_empty_text_is_none_where_none_is_possible():
    """The environment can take a default user away; an empty name would be somebody."""
    file = '[identity]\ndefault_user = "trial"'

    assert "trial" == parse(file).identity.default_user
    assert (
        parse(file, environment={"REAUTH_IDENTITY__DEFAULT_USER": ""}).identity.default_user is None
    )


def test_the_tree_cannot_be_changed_behind_anybodys_back():
    """Settings are handed to every part; one that changes them would change the others."""
    with pytest.raises(AttributeError):
        Settings().proxy.listen = "0.0.0.0:1"
    assert {field.name for field in fields(Settings)} == {key.section for key in settings.keys()}
