"""Train a candidate of a model whose backbone is trained, from decoded pictures; goes on after the last whole epoch of a job that was killed."""

from spml.runtime import log

log.redirect(snakemake)

import contextlib
import hashlib
import json
from pathlib import Path

import torch

from spml.artifacts import checkpoints, hdf5, labels, records
from spml.artifacts.checksums import sha256
from spml.features import backbones
from spml.features.devices import choose_device
from spml.finetuning.fit import train_candidate
from spml.finetuning.options import FinetuneOptions
from spml.training import left_out, supervision
from spml.training.fitted import write_model
from spml.training.options import Candidate

settings, source, output = snakemake.params.options, snakemake.input, snakemake.output
options, candidate = FinetuneOptions.from_config(settings), Candidate(**settings["candidate"])
kind, name, replicate, *variant = snakemake.wildcards.model.split("/")
seed = int(replicate.removeprefix("seed_"))
inputs = {path: sha256(path) if path.endswith(".py") else records.checksum_of(path) for path in source}
fingerprint = hashlib.sha256(json.dumps([settings, inputs], sort_keys=True).encode()).hexdigest()
state = Path(output.checkpoint).with_name(
    "state.safetensors"
)  # no output, so that Snakemake keeps it after an interruption
built = backbones.load(settings["network"], source.weights, source.trained)
begin = checkpoints.load_all(source.first_head)[0] if source.first_head else None
with contextlib.ExitStack() as stack:

    def opened(path, kind):
        return stack.enter_context(labels.opening(path, kind)) if path else None

    true, observed = opened(source.labels, "labels"), opened(source.observed, "observed")
    pseudo = opened(source.pseudo_labels, "pseudo_labels")
    about = {"category": true.category, "select_on": options.select_on, "seed": seed}
    reason = hdf5.attributes(pseudo.dataset.file).get("left_out") if pseudo else None
    if reason:
        print(f"left out: {source.pseudo_labels}: {reason}")
        size = built.preprocessing.size
        width = built.model(torch.zeros(1, 3, size, size)).shape[1]
        backbone = {name: value.numpy() for name, value in built.model.state_dict().items()}
        model = left_out.model(str(reason), len(true.category), width, options.loss_settings, backbone)
    else:
        options = supervision.with_expected_positives(options, source.priors, true.category)
        model = train_candidate(
            source.pictures,
            true,
            supervision.of_training_rows(options.loss, options.supervision, true, observed, pseudo),
            supervision.selection_labels(true, observed if options.select_on == "observed_labels" else None),
            built,
            begin,
            options,
            candidate,
            seed=seed,
            name="/".join([kind, name, *variant]),
            device=choose_device(snakemake.resources.device),
            precision=settings["precision"],
            workers=snakemake.resources.workers,
            compile=bool(snakemake.resources.compile),
            state=str(state),
            fingerprint=fingerprint,
        )
    write_model(output, model, **about)
state.unlink(missing_ok=True)
