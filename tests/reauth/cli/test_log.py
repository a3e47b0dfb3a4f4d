"""A log line is one object: when, how grave, what, and its fields."""

import json
import logging

from reauth.cli.log import JsonFormatter, log_to_stderr


def test_a_line_holds_the_event_and_its_fields():
    """Whatever a record carries besides what every record carries."""
    record = logging.makeLogRecord({"msg": "retention", "levelname": "INFO", "gone": {"alert": 2}})

    told = json.loads(JsonFormatter().format(record))

    assert ("info", "retention", {"alert": 2}) == (told["level"], told["event"], told["gone"])
    assert {"at", "level", "event", "gone"} == set(told)


def test_a_trace_is_a_field_of_one_line():
    """A collector reads lines."""
    try:
        raise ValueError("two\nlines")
    except ValueError as error:
        record = logging.makeLogRecord({"msg": "broken", "exc_info": (ValueError, error, None)})

    line = JsonFormatter().format(record)

    assert "\n" not in line
    assert "ValueError" in json.loads(line)["trace"]


def test_what_is_no_json_is_written_as_text():
    """A field must never cost the line."""
    record = logging.makeLogRecord({"msg": "x", "path": {1}})

    assert "{1}" == json.loads(JsonFormatter().format(record))["path"]


def test_logs_go_to_standard_error(capsys):
    """Standard output belongs to the ready line."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        log_to_stderr()
        logging.getLogger("reauth.test").info("hello", extra={"n": 1})
    finally:
        root.handlers[:], root.level = before
    said = capsys.readouterr()

    assert "" == said.out
    assert 1 == json.loads(said.err)["n"]
