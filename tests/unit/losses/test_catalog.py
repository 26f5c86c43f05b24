"""The records of the losses: torch-free, in order, with sensible defaults."""

import inspect
import subprocess
import sys

import pytest

import tiny
from spml.losses.catalog import ACCEPTS_SOFT_TARGETS, FAMILIES, LOSSES, NEEDS_MAPS, NEEDS_NEGATIVES
from spml.losses.registry import REGISTERED, register
from spml.registry import REQUIRED

HYPERPARAMETERS = [
    pytest.param(parameter, id=f"{name}.{parameter.name}")
    for name, loss in LOSSES.items()
    for parameter in loss.hyperparameters
]


@pytest.mark.parametrize("module", ["spml.losses.catalog", "spml.losses.registry"])
def test_records_are_read_without_numpy_and_pytorch(module):
    program = f"import sys, {module}; print([name for name in ('numpy', 'torch') if name in sys.modules])"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tiny.ROOT / "workflow_scripts", capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_registered_loss_is_in_the_catalog_in_the_order_of_the_documentation():
    assert set(LOSSES) == set(REGISTERED)
    methods = (tiny.ROOT / "docs/methods.md").read_text()
    rows = [methods.index(f"\n| `{name}` |") for name in LOSSES]
    assert rows == sorted(rows)


def test_a_name_is_given_once():
    with pytest.raises(ValueError, match="loss em: found in two modules"):

        @register("Another", source="nobody")
        def em(logits, labels):
            """Return nothing."""


@pytest.mark.parametrize("name", LOSSES)
def test_a_record_says_what_the_loss_is(name):
    loss = LOSSES[name]
    assert loss.name == loss.function.__name__ == name
    assert loss.description and loss.source and loss.function.__doc__
    assert any(loss.function.__module__ == family.__name__ for family in FAMILIES)
    defaults = [value.default for value in inspect.signature(loss.function).parameters.values()]
    assert set(defaults) == {inspect.Parameter.empty}  # the record alone holds defaults


def test_what_losses_need():
    needs = {name: loss.needs for name, loss in LOSSES.items() if loss.needs != "nothing"}
    assert needs == {
        "bce": "complete labels",
        "bce_ls": "complete labels",
        "iun": "true negatives",
        "iu": "observed negatives",
        "partial_bce": "observed negatives",
        "em_pl": "observed and pseudo-labels",
        "gpr": "observed and pseudo-labels",
        "spatial_consistency": "score maps",
    }
    assert ACCEPTS_SOFT_TARGETS == ("bce", "bce_ls", "squares")
    assert NEEDS_MAPS == ("spatial_consistency",)
    assert NEEDS_NEGATIVES == ("iun", "iu", "partial_bce")


@pytest.mark.parametrize("parameter", HYPERPARAMETERS)
def test_defaults_and_published_values_are_in_range(parameter):
    for value in (parameter.default, *parameter.published.values()):
        assert value is not REQUIRED
        if value is None:
            assert parameter.nullable
            continue
        assert isinstance(value, tuple) == (parameter.kind == "pair")
        for number in value if parameter.kind == "pair" else (value,):
            assert parameter.above is None or number > parameter.above
            assert parameter.minimum is None or number >= parameter.minimum
            assert parameter.below is None or number < parameter.below
            assert parameter.maximum is None or number <= parameter.maximum
            assert parameter.kind != "integer" or isinstance(number, int)


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("coco2014", {"k": 2.9, "alpha": 0.1, "beta": 0.9, "theta": 0.9, "warmup": 5}),
        ("voc2012", {"k": 1.5, "alpha": 0.2, "beta": 0.02, "theta": 0.9, "warmup": 5}),
        ("nuswide", {"k": 1.9, "alpha": 0.1, "beta": 0.2, "theta": 0.9, "warmup": 4}),
        ("cub", {"k": 31.4, "alpha": 0.01, "beta": 0.4, "theta": 0.9, "warmup": 3}),
        ("csv", {"k": None, "alpha": 0.1, "beta": 0.9, "theta": 0.9, "warmup": 5}),
    ],
)
def test_published_values_belong_to_their_data_sets(source, wanted):
    assert LOSSES["epr"].defaults(source) == LOSSES["role"].defaults(source) == {"k": wanted.pop("k")}
    assert LOSSES["em_apl"].defaults(source) == wanted | {"negative_weight": 0.03}
    assert LOSSES["em"].defaults(source) == {"alpha": wanted["alpha"], "negative_weight": 0.03}


def test_other_defaults_are_those_of_the_publications():
    assert [LOSSES[name].defaults() for name in ("ll_r", "ll_ct", "ll_cp")] == [
        {"delta": 0.5, "boost": 1},
        {"delta": 0.2, "boost": 1},
        {"delta": 0.1, "boost": 1},
    ]
    assert LOSSES["asl"].defaults() == {"gamma_negative": 4, "gamma_positive": 1, "clip": 0.05}
    pairs = {"w": (0, 2), "b": (-2, -2), "mu": (0.5, 0.8), "sigma": (2, 0.5)}
    assert LOSSES["gr"].defaults() == pairs | {"q2": 0.01, "q3": 1}
    assert LOSSES["an_ls"].defaults() == LOSSES["bce_ls"].defaults() == {"smoothing": 0.1}
