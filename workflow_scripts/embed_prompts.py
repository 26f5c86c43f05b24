"""Compute the features of prompts that name the categories, by the text tower of an image-text model."""

from spml.runtime import log

log.redirect(snakemake)

import json

import torch
import yaml

from spml.artifacts import hdf5, labels, records
from spml.features import text
from spml.features.libraries import open_clip_texts
from spml.runtime.errors import InputError

torch.set_num_threads(1)  # the rounding of a sum of products depends on how many threads share it
options, source = snakemake.params.options, snakemake.input
with labels.opening(source.labels, "labels") as true:
    category = true.category
named: object = {}
if source.names:
    with open(source.names, encoding="utf-8") as file:
        try:
            named = yaml.safe_load(file) or {}
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise InputError(f"{source.names}: not readable as YAML ({error})") from error
texts = text.filled(options["prompts"], text.names_of(source.names, named, category))
model, tokenize, temperature = open_clip_texts.load(options["backbone"], source.weights)
features = text.encoded(model, tokenize, [entry for own in texts for entry in own])
averaged = text.averaged(features, [len(own) for own in texts])
hdf5.write(
    snakemake.output.features,
    "text_features",
    {"feature": averaged},
    {"category": category, "text": [json.dumps(own, ensure_ascii=False) for own in texts]},
    model=options["backbone"]["model"],
    weights_sha256=records.checksum_of(source.weights),
    temperature=temperature,
)
print(
    f"{options['backbone']['model']}: {len(features):,} texts of {len(category):,} categories, {averaged.shape[1]:,} features"
)
print(f"temperature of the weights: {temperature:.4g}; the first category: {', '.join(texts[0])}")
