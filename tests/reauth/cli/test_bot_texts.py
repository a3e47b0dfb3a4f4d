"""What the help of `reauth bot` teaches."""

import re
import shlex

import pytest

from reauth.cli import bot_texts, parser
from reauth.generate import GENERATORS

TEXTS = {name: text for name, text in vars(bot_texts).items() if name.isupper()}
EXAMPLES = [
    line
    for text in TEXTS.values()
    for line in re.findall(r"^  reauth (bot .*)$", text, re.MULTILINE)
]


@pytest.mark.parametrize("line", EXAMPLES)
def test_every_example_can_be_typed(line):
    """An option that is gone would teach an error."""
    assert callable(parser().parse_args(shlex.split(line)).call)


def test_both_verbs_have_an_example():
    """Who asks for help wants a line to begin with."""
    assert {"generate", "play"} == {line.split()[1] for line in EXAMPLES}


def test_every_kind_is_told():
    """By its name; those of functions and of perturbations by their pattern."""
    told = re.findall(r"^  ([a-z]\S*?)[,\s]", bot_texts.KINDS, re.MULTILINE)
    families = {"function-SHAPE-PROFILE": "function-", "perturbed-1px": "perturbed-"}
    for name in GENERATORS:
        assert any(name.startswith(families.get(one, one)) for one in told), name
