"""Write the data set Yeast, which a package has, as features and tables of source features."""

from spml.runtime import log

log.redirect(snakemake)

import numpy as np

from spml.data import yeast
from spml.runtime.files import write_csv, writing

output = snakemake.output
features, present, functions = yeast.read(yeast.file())
for part, rows in yeast.PARTS.items():
    with writing(output[f"{part}_features"]) as path, open(path, "wb") as file:
        np.save(file, features[rows])
    names = [";".join(functions[column] for column in np.flatnonzero(row)) or "-" for row in present[rows]]
    genes = [f"gene {number:04}" for number in range(1, yeast.GENES + 1)][rows]
    write_csv(output[part], [("id", "true"), *zip(genes, names, strict=True)])
    print(
        f"{part}: {len(names):,} genes, {features.shape[1]:,} features, {present[rows].sum(1).mean():.2f} functions per gene"
    )
with writing(output.categories) as path:
    path.write_text("\n".join(functions) + "\n", encoding="utf-8")
