"""List the pictures of a folder that has a folder for each category: what was observed of each is where it lies."""

from spml.runtime import log

log.redirect(snakemake)

import csv

from spml.artifacts.spreadsheet import escaped
from spml.data.image_folder import of_folder
from spml.runtime.errors import InputError
from spml.runtime.files import writing

folder = snakemake.params.folder
found = [
    name for name, _ in of_folder(folder, f"datasets.{snakemake.wildcards.dataset}.{snakemake.wildcards.part}.images")
]
rows = [(name, name.split("/")[0]) for name in found if "/" in name]
for _, category in rows:
    if ";" in category or category == "-":
        raise InputError(
            f"{folder}: found the folder {category!r}, wanted names of categories, without ; and other than -"
        )
if not rows:
    raise InputError(
        f"{folder}: found {len(found):,} pictures, none in a folder in it; wanted a folder for each category"
    )
with writing(snakemake.output.annotations) as path, open(path, "w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["path", "observed"])
    writer.writerows(map(escaped, row) for row in rows)
print(f"{folder}: {len(rows):,} pictures of {len({category for _, category in rows}):,} categories")
if len(found) > len(rows):
    print(f"warning: {len(found) - len(rows):,} pictures lie in no category's folder and are left out")
