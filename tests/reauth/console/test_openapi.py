"""The document that programs are written against: complete, valid, true."""

import json

import pytest
from jsonschema import Draft202012Validator

from reauth.access import Act
from reauth.console import TABLE
from reauth.console.openapi import document
from reauth.console.routes import API, Action, Route

DOCUMENT = document(TABLE)
OPERATIONS = [
    (path, method, one) for path, told in DOCUMENT["paths"].items() for method, one in told.items()
]


def test_everything_that_programs_may_ask_is_in_it():
    """Each row under the API's path; each action once."""
    wanted = {
        (row.path, "get") for row in TABLE if isinstance(row, Route) and row.path[:8] == f"{API}/"
    }
    wanted |= {(API + row.path, "post") for row in TABLE if isinstance(row, Action)}

    assert wanted <= {(path, method) for path, method, _ in OPERATIONS}
    ids = [one["operationId"] for _, _, one in OPERATIONS]
    assert len(ids) == len(set(ids))


def test_every_schema_is_one():
    """Of answers, fields and parameters."""
    for path, _, one in OPERATIONS:
        schemas = [asked["schema"] for asked in one["parameters"]]
        schemas.append(one["responses"]["200"]["content"]["application/json"]["schema"])
        if "requestBody" in one:
            schemas.append(one["requestBody"]["content"]["application/json"]["schema"])
        for schema in schemas:
            Draft202012Validator.check_schema(schema), path


def test_every_operation_says_what_it_needs():
    """An act, and a fresh proof where it is sensitive."""
    told = {one["operationId"]: one for _, _, one in OPERATIONS}

    assert all(Act(one["x-act"]) for one in told.values() if one.get("security") != [])
    assert told["account_make"]["x-elevated"]
    assert "x-elevated" not in told["account_unlock"]


async def test_the_console_serves_its_own(browse):
    """The same that the command line prints."""
    answer = await (await browse()).get(f"{API}/openapi.json")

    assert json.loads(json.dumps(DOCUMENT)) == await answer.json()


@pytest.mark.parametrize("path", [f"{API}/me", f"{API}/account", f"{API}/accounts"])
async def test_answers_are_as_the_document_says(browse, path):
    """A program may rely on it."""
    schema = DOCUMENT["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]

    answer = await (await browse()).get(path)

    assert [] == list(Draft202012Validator(schema["schema"]).iter_errors(await answer.json()))
