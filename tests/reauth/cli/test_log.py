"""A log line is one object: when, how grave, what, and its fields; and never a secret."""

import json
import logging
import sys

import numpy as np
import pytest

from reauth.cli.log import JsonFormatter, TextFormatter, log_to_stderr
from reauth.correlation import REQUEST
from reauth.errors import StoreError
from reauth.event import Event, Kind
from reauth.settings import Log

PLANTED = "Gr8PlantedSecretThatMustNotComeOut42x"


def made(message="x", name="reauth.app", **fields):
    """A record as `logging` would make it."""
    return logging.makeLogRecord({"name": name, "msg": message, "levelname": "INFO", **fields})


def test_a_line_holds_the_event_and_its_fields():
    """Whatever a record carries besides what every record carries."""
    told = json.loads(JsonFormatter().format(made("retention", gone={"alert": 2})))

    assert ("info", "retention", {"alert": 2}) == (told["level"], told["event"], told["gone"])
    assert {"at", "level", "event", "gone"} == set(told)


def fault(error):
    """An error as it is caught."""
    try:
        raise error
    except type(error):
        return sys.exc_info()


def test_a_trace_is_a_field_of_one_line():
    """A collector reads lines; the text of an error that is not ours may say anything."""
    line = JsonFormatter().format(made(exc_info=fault(ValueError(f"two\nlines {PLANTED}"))))

    assert "\n" not in line and PLANTED not in line
    assert "ValueError" in json.loads(line)["trace"]
    assert "test_log.py" in json.loads(line)["trace"]


def test_our_own_errors_say_what_is_wrong():
    """They are written for the operator."""
    line = JsonFormatter().format(made(exc_info=fault(StoreError("the disk is full"))))

    assert json.loads(line)["trace"].endswith("StoreError: the disk is full")


def test_what_is_no_json_is_written_as_text():
    """A field must never cost the line."""
    told = json.loads(JsonFormatter().format(made(path={1}, what=object())))

    assert ([1], "<object>") == (told["path"], told["what"])


@pytest.mark.parametrize(
    "fields",
    [
        {"line": f"GET /users/anna?next={PLANTED} HTTP/1.1"},
        {"line": f"https://anna:{PLANTED}@proxy.example/"},
        {"cookie": f"sid={PLANTED}"},
        {"fault": f"refused Cookie: __Host-session={PLANTED}; Path=/"},
        {"fault": f"Authorization: Bearer {PLANTED}"},
        {"fault": f"bad password={PLANTED}, try again"},
        {"page_token": PLANTED},
        {"fault": f"token {PLANTED} is stale"},
        {"fault": "whsec_" + PLANTED},
        {"told": {"headers": {"X-Any": PLANTED}}},
        {"told": [{"secret": PLANTED}]},
        {"body": PLANTED.encode()},
        {"data": PLANTED.encode()},
        {"fault": f"-----BEGIN PRIVATE KEY-----\n{PLANTED}\n-----END PRIVATE KEY-----"},
    ],
    ids=str,
)
@pytest.mark.parametrize("formatter", [JsonFormatter, TextFormatter])
def test_no_planted_secret_comes_out(fields, formatter):
    """In whatever field, under whatever name, and in the message itself."""
    lines = [
        formatter().format(made(**fields)),
        formatter().format(made(message=" ".join(f"{k} {v}" for k, v in fields.items()))),
        formatter().format(made(message="%s", args=(json.dumps(fields, default=str),))),
    ]

    assert PLANTED not in lines[0]
    if not isinstance(next(iter(fields.values())), bytes | dict | list):
        assert not [line for line in lines if PLANTED in line]


@pytest.mark.parametrize(
    "fields",
    [
        {"at_": (512.25, 77.5)},
        {"told": [512.25, 77.5, 3.0]},
        {"x": 512.25},
        {"told": {"xs": [512.25]}},
        {"fault": "moved to (512.25, 77.5)"},
        {"fault": "x=512.25 y=77.5"},
        {"moved": Event(Kind.MOVE, b"", 1.0, 512.25, 77.5)},
        {"moved": np.array([512.25, 77.5])},
    ],
    ids=str,
)
def test_no_coordinate_comes_out(fields):
    """Movement is what we are trusted with."""
    line = JsonFormatter().format(made(**fields))

    assert "512.25" not in line and "77.5" not in line


def test_what_an_operator_needs_is_still_there():
    """Ids, digests, paths of files, numbers by themselves, names of sinks."""
    fields = {
        "alert": "0f" * 16,
        "sink": "webhook+https://soc.example/hook",
        "fault": "store.key_file: /var/lib/reauth/store.key may be read; chmod 600 it",
        "attempts": 3,
        "users": ["anna", "bert"],
    }

    told = json.loads(JsonFormatter().format(made("delivery_failed", **fields)))

    assert fields == {name: told[name] for name in fields}


def test_libraries_say_where_and_no_more():
    """aiohttp tells the path of a request that failed."""
    record = made(f"Error handling request /users/{PLANTED}", "aiohttp.server", lineno=7)
    told = json.loads(JsonFormatter().format(record))

    assert ("library", "aiohttp.server:7") == (told["event"], told["where"])
    assert PLANTED not in str(told)


def test_streams_and_requests_are_told():
    """The audit apart from the rest; all lines of a request by its id."""
    mark = REQUEST.set("ab12")
    try:
        told = json.loads(JsonFormatter().format(made("acted", "reauth.audit")))
    finally:
        REQUEST.reset(mark)

    assert ("audit", "ab12") == (told["stream"], told["request"])
    assert "stream" not in json.loads(JsonFormatter().format(made()))


@pytest.mark.parametrize(("format_", "said"), [("json", '{"at"'), ("text", "20")])
def test_logs_go_to_standard_error(capsys, quiet_logs, format_, said):
    """Standard output belongs to the ready line; what is less grave than asked for is left out."""
    log_to_stderr(Log(level="warning", format=format_))
    logging.getLogger("reauth.test").info("quiet")
    logging.getLogger("reauth.test").warning("hello", extra={"n": 1})
    told = capsys.readouterr()

    assert "" == told.out
    assert told.err.startswith(said) and told.err.count("\n") == 1 and "hello" in told.err
