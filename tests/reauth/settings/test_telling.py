"""The settings as they are told."""

from reauth.settings import Settings, keys, parse, redacted, sources, written


def key(section, name):
    """One key."""
    return next(one for one in keys() if (one.section, one.name) == (section, name))


def test_values_are_in_the_units_of_the_file():
    """As one would write them."""
    assert 500 == written(Settings(), key("identity_lane", "pause_ms"))
    assert ["jsonl:stderr"] == written(Settings(), key("sinks", "urls"))
    assert None is written(Settings(), key("proxy", "upstream_ca"))


def test_nothing_secret_is_told():
    """Who is watched, where alerts go, passwords in addresses."""
    told = {
        ("identity", "default_user"): ("anna", "<redacted>"),
        ("sinks", "urls"): (["webhook+https://u:p@h/x", "jsonl:/log"],
                            ["webhook+https:<redacted>", "jsonl:/log"]),
        ("proxy", "mode"): ("upstream:http://u:p@h", "upstream:<redacted>"),
        ("identity", "ldap_url"): ("ldaps://u:p@h/x", "ldaps://<redacted>@h/x"),
        ("proxy", "listen"): ("127.0.0.1:1", "127.0.0.1:1"),
    }  # fmt: skip

    for where, (value, wanted) in told.items():
        assert wanted == redacted(key(*where), value)


def test_where_a_value_comes_from_is_what_parse_took():
    """Command line, environment, secret file, file, default: the first that tells it."""
    text = '[proxy]\nlisten = "127.0.0.1:1"\nprocesses = 2\ncompress = true\nmode = "socks5"\n'
    environment = {"REAUTH_PROXY__LISTEN": "127.0.0.1:2", "REAUTH_PROXY__PROCESSES": "3"}
    told = sources(
        text, {*environment, "REAUTH_PROXY__COMPRESS_FILE"}, {"proxy.listen"}
    )

    assert [
        ("listen", "command line"), ("processes", "environment"), ("compress", "secret file"),
        ("mode", "file"), ("drain_min", "default"),
    ] == [(name, told["proxy", name]) for name in ("listen", "processes", "compress", "mode",
                                                   "drain_min")]  # fmt: skip
    settings = parse(
        text, name="x", folder="/", environment=environment, secrets={},
        overrides={"proxy.listen": "127.0.0.1:3"},
    )  # fmt: skip
    assert ("127.0.0.1:3", 3) == (settings.proxy.listen, settings.proxy.processes)
