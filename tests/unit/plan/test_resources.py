"""What the rules ask a scheduler for, as their files say it."""

import inspect
import re
from types import SimpleNamespace

import pytest

import tiny
from plan import evaluation, features, finetuning, labels, memory, minutes, model, review, rows, training

RULE = re.compile(r"^(?:rule|checkpoint) (\w+):\n((?:(?:    .*)?\n)+)", re.M)
BLOCK = r"^    {}:\n((?:        .*\n|\n)+)"
CONSTANT = {"draw_demo", "export_model", "embed_prompts"}  # what they take does not grow with the images
MODULES = {
    one.__name__.rpartition(".")[2]: one for one in (evaluation, features, finetuning, labels, memory, minutes, model)
}
SPACE = MODULES | {
    "review": review,
    "rows": rows,
    "training": training,
    "plan": lambda function: function,
    "per_attempt": lambda amount: amount,
    "by_shape": lambda *asked, **fixed: (*asked, fixed),
    "MACHINE": SimpleNamespace(memory_mb=None, gpus_per_job=0, device="cpu", batch_size=1, workers=0, compile=False),
}


def block(text, name):
    found = re.search(BLOCK.format(name), text, re.M)
    return found[1] if found else ""


TEXTS = {
    name: text
    for path in sorted((tiny.ROOT / "rules").glob("*.smk"))
    for name, text in RULE.findall(path.read_text(encoding="utf-8"))
}
SUBMITTED = {
    name: text for name, text in TEXTS.items() if "    localrule: True\n" not in text and block(text, "output")
}


def test_all_rules_are_read():
    assert {"train_teacher", "list_images", "evaluate"} <= set(SUBMITTED) and "plot_map" in set(TEXTS) - set(SUBMITTED)


@pytest.mark.parametrize("name", SUBMITTED)
def test_what_a_rule_asks_for_follows_from_its_inputs(name):
    asked = eval(f"dict({block(SUBMITTED[name], 'resources')})", dict(SPACE))
    inputs = re.findall(r"^        (\w+)=", block(SUBMITTED[name], "input"), re.M)
    assert isinstance(asked["runtime"], tuple) or name in CONSTANT
    for module, key in ((memory, "mem_mb"), (minutes, "runtime")):
        if not isinstance(asked[key], tuple):
            assert asked[key] >= (300 if key == "mem_mb" else 15)
            continue
        least, cost, *shapes, fixed = asked[key]
        assert cost.__module__ == module.__name__ and least >= 15 and set(shapes) <= set(inputs)
        named = [*inspect.signature(cost).parameters]
        assert named[: len(shapes)] == [one for one in named if one not in {*fixed, "threads"}]
