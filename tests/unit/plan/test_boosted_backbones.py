"""What is planned for backbones that give logits, since they were trained with boosted score maps."""

import tiny
from plan import backbones, features, finetuning, load, paths

TRAINED = {"preset": "end_to_end", "batch_sizes": [8], "learning_rates": [1e-4]}
ROUNDED = {"precision": "bfloat16", "storage": "float16"}
CHANGES = {
    "backbones/random": tiny.CONFIG["backbones"]["random"] | ROUNDED,
    "teachers/boosted": TRAINED | {"loss": {"name": "ll_r", "boost": 5}},
    "teachers/plain": TRAINED | {"loss": "ll_r"},
}


def test_logits_are_extracted_and_stored_in_float32():
    experiment = load.experiments(tiny.changed(tiny.CONFIG, CHANGES))["tiny"]
    boosted, plain = (paths.model(name, "", 1200) for name in ("boosted", "plain"))
    exact = {"precision": "float32", "storage": "float32"}
    found = {name: features.extraction(experiment, name) for name in (boosted, plain, "random")}
    assert found[boosted] == found["random"] | exact
    assert found[plain] == found["random"] | {"storage": "float32"}
    assert found["random"].items() >= ROUNDED.items()
    assert [backbones.gives_logits(experiment, name) for name in (boosted, plain, "random")] == [True, False, False]
    candidate = next(iter(finetuning.candidates(experiment, boosted)))
    assert finetuning.candidate_options(experiment, boosted, candidate)["precision"] == "bfloat16"  # of training
