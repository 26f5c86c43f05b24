"""Choose the questions that are asked, by a strategy, as a table: those of a category together."""

from spml.runtime import log

log.redirect(snakemake)

import contextlib
import math

from spml.artifacts import hdf5, labels, records
from spml.artifacts.spreadsheet import escaped
from spml.labels import training_set
from spml.labels.pseudo_labels import probabilities
from spml.review import queue
from spml.review.page import COLUMNS, NO, YES

options, source = snakemake.params.options, snakemake.input
strategy = queue.STRATEGIES[options["strategy"]]
with contextlib.ExitStack() as stack:
    true = stack.enter_context(labels.opening(source.labels, "labels"))
    rows = stack.enter_context(training_set.opening(true, source.observed, source.images, source.logits))
    pseudo = stack.enter_context(labels.opening(source.pseudo_labels, "pseudo_labels"))
    pseudo.require_same_images(source.logits[0], rows.image_id)
    hdf5.require_same("category", pseudo.path, pseudo.category, true.path, rows.category)
    tau = float(hdf5.attributes(pseudo.dataset.file).get("tau", 0.5))  # of a rule without one: 0.5
    limit = math.log(tau / (1 - tau)) if tau else -math.inf
    count, seed = options["questions"], options["seed"]
    questions = queue.choose(strategy, rows.logits, pseudo.values, rows.observed, limit, count, seed)
    questions = queue.group_by_category(questions)
    table = [list(COLUMNS)]
    for row, column, probability, present in zip(
        *questions.entries, probabilities(questions.logit), questions.present, strict=True
    ):
        names = [rows.image_id[row], rows.file_name[row], rows.category[column]]
        table.append([*map(escaped, names), YES if present else NO, f"{probability:.4f}", strategy.why])
records.write_csv(snakemake.output.queue, "queue", table)
print(
    f"{len(table) - 1:,} questions by strategy {strategy.name}: {len(set(questions.column)):,} categories, "
    f"{len(set(questions.row)):,} pictures"
)
