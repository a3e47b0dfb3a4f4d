"""What config/ ships for other people's systems, each read by its own tool where one can be had.

Wazuh and Splunk cannot: their files are read by a parser of the form, and looked through against
what we send.
"""

import configparser
import json
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from reauth.news import Event, News
from reauth.sinks.hec import SOURCETYPE
from reauth.sinks.thin import thin
from tests.contracts.test_sink import FULL, HEAD

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config"
TOOLS = ROOT / ".venv" / "tools" / "bin"
KINDS = {"impostor", "bot", "absence", "replay", "tokens", "population"}
KEYS = set(thin(News(FULL), HEAD))


def run(*command, **more):
    """A tool's exit code and all that it said; it is skipped where it is not installed."""
    try:
        told = subprocess.run(command, capture_output=True, check=False, text=True, **more)
    except FileNotFoundError:  # or the Python that it is a script of
        pytest.skip(f"no {Path(command[0]).name} on this machine: make setup-clients")
    return told.returncode, told.stdout + told.stderr


# Prometheus


def test_promtool_takes_the_alert_rules():
    """And counts as many as there are."""
    code, told = run("promtool", "check", "rules", str(CONFIG / "prometheus" / "alerts.yml"))

    assert (0, True) == (code, "SUCCESS: 8 rules found" in told)


def test_the_alert_rules_fire_when_they_should():
    """promtool plays series: a sink given up, one that fails, a full disk, a broken audit."""
    code, told = run("promtool", "test", "rules", str(CONFIG / "prometheus" / "alerts.test.yml"))

    assert (0, True) == (code, "SUCCESS" in told), told


NAMES = {
    "alerts_open", "audit_chain_ok", "db_size_bytes", "delivery_total", "disk_free_share",
    "ingest_dropped_total", "ingest_events_total", "ingest_queue_depth", "ingest_requests_total",
    "inject_total", "outbox_depth", "outbox_failed", "score_total", "sessions", "unwatched_total",
    "users", "wal_size_bytes",
}  # fmt: skip
"""Of our metrics (privacy-ops.md section 3), those that rules and dashboard rest on."""


@pytest.mark.parametrize("file", ["prometheus/alerts.yml", "grafana/reauth.json"])
def test_only_our_metrics_are_asked_for(file):
    """A name that there is not is a rule that never fires."""
    text = (CONFIG / file).read_text()

    assert set(re.findall(r"\breauth_(\w+)", text)) - {"given_up"} <= NAMES


# Grafana

READ = """
import json, sys
from grafana_foundation_sdk.models.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder
read = Dashboard.from_json(json.load(open(sys.argv[1])))
print(json.dumps([read.title, len(read.panels), read.uid]))
"""


def test_grafana_s_own_library_reads_the_dashboard():
    """Grafana's foundation SDK, made from the schema of its dashboards."""
    file = str(CONFIG / "grafana" / "reauth.json")
    code, told = run(str(TOOLS / "python"), "-c", READ, file)

    assert 0 == code, told
    assert ["reauth", 14, "reauth"] == json.loads(told.splitlines()[-1])


def test_promtool_reads_every_query_of_the_dashboard(tmp_path):
    """As recording rules, which is the form in which it reads expressions."""
    panels = json.loads((CONFIG / "grafana" / "reauth.json").read_text())["panels"]
    queries = [target["expr"] for panel in panels for target in panel["targets"]]
    rules = [{"record": f"panel:{n}", "expr": query} for n, query in enumerate(queries)]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    code, told = run("promtool", "check", "rules", "--lint=none", str(file))

    assert (0, True) == (code, f"{len(queries)} rules found" in told), told
    assert len(panels) == len({panel["id"] for panel in panels})


# Sigma


def test_sigma_s_own_checker_finds_no_fault():
    """Without those that fetch MITRE's lists from the network."""
    without = ("-x", "attacktag", "-x", "d3_fendtag")
    code, told = run(
        str(TOOLS / "sigma"), "check", "--fail-on-issues", *without, str(CONFIG / "sigma" / "rules")
    )

    assert 0 == code, told
    assert "Found 0 errors, 0 condition errors and 0 issues" in told


def test_sigma_makes_searches_of_the_rules_for_our_source_type():
    """Correlations too; every field that is asked for is one that we send."""
    pipeline = str(CONFIG / "sigma" / "pipeline.yml")
    code, told = run(
        str(TOOLS / "sigma"), "convert", "-t", "splunk", "-p", pipeline,
        str(CONFIG / "sigma" / "rules"),
    )  # fmt: skip

    assert 0 == code, told
    assert f'sourcetype="{SOURCETYPE}"' in told
    assert "event_count >= 3" in told and "event_type_count >= 2" in told
    assert set(re.findall(r'\b(\w+)(?:="| IN)', told)) - {"sourcetype", "event_type"} <= KEYS
    assert set(re.findall(r'kind="(\w+)"', told)) <= KINDS


# Wazuh


def elements(name):
    """A file of Wazuh's, which has several roots."""
    text = (CONFIG / "wazuh" / name).read_text()
    return ElementTree.fromstring(f"<all>{text}</all>")


def test_wazuh_decodes_json_below_our_program_s_name():
    """A parent by program name, and a child that leaves the rest to Wazuh's JSON decoder."""
    parent, child = elements("decoders.xml").findall("decoder")

    assert "^reauth$" == parent.findtext("program_name")
    assert ("reauth", "JSON_Decoder") == (
        child.findtext("parent"), child.findtext("plugin_decoder"),
    )  # fmt: skip


def test_wazuh_s_rules_stand_on_one_another_and_on_what_we_send():
    """Numbers of users' own rules, each once; fields, kinds and types that there are."""
    rules = elements("rules.xml").findall(".//rule")
    numbers = [int(rule.get("id")) for rule in rules]
    parents = {int(one.text) for one in elements("rules.xml").iter("if_sid")}
    texts = [(one.get("name"), one.text) for one in elements("rules.xml").iter("field")]
    shown = {
        name for rule in rules for name in re.findall(r"\$\((\w+)\)", rule.findtext("description"))
    }

    assert sorted(set(numbers)) == sorted(numbers) and min(numbers) >= 100000
    assert parents <= set(numbers)
    assert {name for name, _ in texts} | shown <= KEYS
    assert {word for name, text in texts if name == "kind" for word in words(text)} <= KINDS
    types = {word for name, text in texts if name == "type" for word in words(text)}
    assert types == {event.value for event in Event}
    assert [0, 3, 3, 7, 7, 10, 12, 14] == sorted(int(rule.get("level")) for rule in rules)


def words(pattern):
    """The alternatives of a simple pattern of Wazuh's."""
    return [part.strip("^$") for part in pattern.split("|")]


# Splunk


def stanzas(name):
    """A .conf of Splunk's, which is nearly an .ini; keys keep their capitals."""
    parser = configparser.ConfigParser(interpolation=None, strict=True, delimiters=("=",))
    parser.optionxform = str
    parser.read_string((CONFIG / "splunk" / name).read_text())
    return parser


def test_splunk_s_mapping_is_for_our_source_type_and_our_keys():
    """Fields that are made come from keys that we send."""
    mapping = stanzas("props.conf")[SOURCETYPE]
    aliases = [value for key, value in mapping.items() if key.startswith("FIELDALIAS-")]
    made = [value for key, value in mapping.items() if key.startswith("EVAL-")]
    called = {"case", "coalesce", "null", "OR", "AND", "fields", "message_id"}
    used = {
        word for text in made for word in re.findall(r"[A-Za-z_]+", re.sub(r'"[^"]*"', "", text))
    }

    assert {alias.split(" AS ")[0] for alias in aliases} <= KEYS
    assert used - called <= KEYS


def test_splunk_s_tags_are_of_event_types_that_there_are():
    """By which the data models find them."""
    types = set(stanzas("eventtypes.conf").sections())
    tagged = {name.removeprefix("eventtype=") for name in stanzas("tags.conf").sections()}

    assert tagged == types
    assert {"alert", "authentication"} == {
        tag for name in tagged for tag in stanzas("tags.conf")[f"eventtype={name}"]
    }
