"""Verifiers of the laboratory: learnt and kept like the others, and in no installation."""

from dataclasses import replace

import numpy as np
import pytest

from reauth.errors import TemplateError
from reauth.features import FEATURE_SETS
from reauth.lab.ablate import ingredients
from reauth.lab.comparisons import COMPARISONS, codec_with_comparisons
from reauth.lab.shelf import Codec
from reauth.settings import Settings
from reauth.store.templates import from_parts, to_parts
from reauth.template import Template
from reauth.verify import VERIFIERS
from tests.playbook import ALICE, MALLORY, OTHERS, units

FEATURES = FEATURE_SETS["movement"]
CODEC = codec_with_comparisons(Codec(to_parts, from_parts))


def rows(hand, count, seed):
    return FEATURES.extract_many(units(FEATURES, hand, count, seed))


def template_by(verifier):
    own = [rows(ALICE, 60, seed) for seed in (1, 2)]
    others = [[rows(hand, 60, 3)] for hand in OTHERS.values()]
    found = verifier.enrol(own, others, np.random.default_rng(0))
    return Template(
        "alice", "movement", FEATURES.version, verifier.name, verifier.version, 0,
        found.provisional, found.arrays, found.calibration, found.held_out, devices=("native",),
    )  # fmt: skip


@pytest.mark.parametrize("name", [*COMPARISONS])
def test_no_installation_can_have_one(name):
    """The live table does not know it, the store refuses it; the laboratory's shelf reads it."""
    verifier, new = COMPARISONS[name], rows(MALLORY, 20, 12)
    template = template_by(verifier)

    assert (name, True) == (verifier.name, name not in VERIFIERS)
    with pytest.raises(TemplateError):
        from_parts(*to_parts(template))
    kept = CODEC.from_parts(*CODEC.to_parts(template))
    scores = [verifier.score_many(each, new).tolist() for each in (template, kept)]
    assert scores[0] == scores[1]
    assert template.devices == kept.devices
    assert [one.tolist() for one in template.held_out] == [one.tolist() for one in kept.held_out]


def test_shipped_ones_are_read_as_the_product_reads_them(alice):
    assert alice.user == CODEC.from_parts(*CODEC.to_parts(alice)).user
    with pytest.raises(TemplateError):
        CODEC.from_parts(*CODEC.to_parts(replace(alice, verifier_version=99)))


@pytest.mark.parametrize(
    "row",
    [row for row in ingredients(Settings(), 20) if row.method.features.segmenter == "movement"],
    ids=lambda row: row.name,
)
def test_templates_of_every_row_of_the_ablation_are_read_again(row):
    """Which arrays a template has depends on how its verifier is changed; the reader must know."""
    template = template_by(row.method.verifier)

    kept = CODEC.from_parts(*CODEC.to_parts(template))
    assert template.arrays.keys() == kept.arrays.keys()
