"""Find pictures that are there more than once, in both parts, in both splits of the training part, or under several ids.

Of images without pictures, rows of features are compared.
"""

from spml.runtime import log

log.redirect(snakemake)

from spml.artifacts import hdf5, manifest, picture_files
from spml.artifacts.labels import SPLITS
from spml.data import duplicates

with hdf5.reading(snakemake.input.labels, "labels") as file:
    split_of = dict(zip(hdf5.strings(file, "image_id"), file["split"][:].tolist(), strict=True))
features = [snakemake.input.train_features, snakemake.input.test_features]  # empty where pictures are at hand


def located(paths: list[str]) -> list[str]:
    """Return the paths with tars where they lie; as they are where features are compared, since the job has no tars then."""
    return paths if all(features) else picture_files.located(paths, snakemake.input.tars)


pictures = [
    duplicates.Picture(part, SPLITS[split_of[image]] if part == "train" else "test", image, path or image)
    for part in ("train", "test")
    for listed in [manifest.read(snakemake.input[f"{part}_images"])]
    for image, path in zip(listed.image_id, located(listed.path), strict=True)
]
groups = duplicates.of_rows(pictures, features) if all(features) else duplicates.find(pictures, snakemake.threads)
duplicates.write(snakemake.output.table, groups)
print(f"{len(pictures):,} listed pictures; pictures that are there more than once: {len(groups):,}")
for kind, members in duplicates.by_kind(groups).items():
    first = ", ".join(picture.path for picture in members[0])
    print(f"warning: the same picture {kind} ({len(members):,} in all, the first: {first})")
