"""What the laboratory's help teaches."""

import re
import shlex

import pytest

from reauth.cli import lab_texts, parser

TEXTS = {name: text for name, text in vars(lab_texts).items() if name.isupper()}
EXAMPLES = [
    line
    for text in TEXTS.values()
    for line in re.findall(r"^  reauth (lab .*?)(?:  .*)?$", text, re.MULTILINE)
]


@pytest.mark.parametrize("line", EXAMPLES)
def test_every_example_can_be_typed(line):
    """An option that is gone would teach an error."""
    assert callable(parser().parse_args(shlex.split(line)).call)


def test_every_verb_has_an_example():
    """Who asks for help wants a line to begin with."""
    taught = {line.split()[1] for line in EXAMPLES}

    verbs = {"list", "evaluate", "ablate", "curve", "rules", "paper", "poison", "document", "gan"}
    assert verbs <= taught
