"""Merge the answers of people about a part, from all files, into one table: who said what and when, and what holds."""

from spml.runtime import log

log.redirect(snakemake)

import collections
import itertools

from spml.artifacts import labels, manifest, records
from spml.review import answer_files, answers

images = manifest.read(snakemake.input.images)
with labels.opening(snakemake.input.labels, "labels") as true:
    true.require_same_images(snakemake.input.images, images.image_id)
    category = true.category
part = snakemake.wildcards.part
files = {path: list(answer_files.read(path)) for path in snakemake.input.answers}
for path, said in files.items():
    if not said:
        print(f"{path}: holds no answers")
given = answers.of_part(itertools.chain.from_iterable(files.values()), part)
checked = answers.check(given, images.image_id, images.file_name, category, part)
if snakemake.params.unknown_answers == "refuse":
    checked.require_known()
merged = answers.merge(checked.known)
file_name = dict(zip(images.image_id, images.file_name, strict=True))
records.write_csv(snakemake.output.answers, "answers", answers.rows(merged, file_name))

outcomes = collections.Counter(entry.verdict for entry in merged.values())
people = {answer.who for entry in merged.values() for answer in entry.answers}
for line in checked.unknown:
    print(f"left out: {line}")
print(
    f"{part}: {len(merged):,} questions answered by {len(people):,} people: {outcomes['yes']:,} yes, {outcomes['no']:,} no"
)
for question, (said, verdict) in merged.items():
    if len({answer.answer for answer in said}) > 1:
        who = "; ".join(f"{answer.who or '?'}: {answer.answer} ({answer.file}, {answer.position})" for answer in said)
        outcome = "undecided, so it stays as it was" if verdict == answers.UNDECIDED else f"{verdict}, as most say"
        print(f"people differ: {question.category!r} in {file_name[question.image_id]}: {who}: {outcome}")
