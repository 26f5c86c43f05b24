"""Reading annotations at the size of published data sets, against reading the same lines without parsing them.

    python benchmarks/sources.py [--json sources.json]

The files have random values in the real formats: a table of images, NUS-WIDE, CUB-200-2011.
"""

import csv
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
from common import Ratio, fastest, parser, report, seconds

from spml.data import csv_table, cub, nuswide


def make_table(folder: Path, images: int) -> Path:
    random = np.random.RandomState(0)
    path = folder / "images.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "observed", "true"])
        for number, columns in enumerate(random.randint(0, 80, (images, 3))):
            names = [f"category {column}" for column in columns]
            writer.writerow([f"train/{number:08}.jpg", names[0], ";".join(names) if number % 3 == 0 else ""])
    return path


def make_nuswide(folder: Path, images: int) -> Path:
    random, labels = np.random.RandomState(0), folder / "Groundtruth/TrainTestLabels"
    for subfolder in (labels, folder / "ImageList", folder / "ConceptsList"):
        subfolder.mkdir(parents=True)
    (folder / "ConceptsList/Concepts81.txt").write_text("".join(f"concept{number}\n" for number in range(81)))
    for number in range(81):
        values = (random.rand(images) < 0.023).astype(int)
        (labels / f"Labels_concept{number}_Train.txt").write_text("".join(f"{value}\n" for value in values))
    path = folder / "ImageList/TrainImagelist.txt"
    path.write_text("".join(f"actor\\{number:06}_{13 * number}.jpg\n" for number in range(images)))
    return path


def make_cub(folder: Path, images: int) -> Path:
    (folder / "attributes").mkdir()
    present = (np.random.RandomState(0).rand(images, 312) < 0.1).astype(int)
    numbers = range(1, images + 1)
    (folder / "train_test_split.txt").write_text("".join(f"{number} {number % 2}\n" for number in numbers))
    (folder / "attributes.txt").write_text("".join(f"{number} attribute::{number}\n" for number in range(1, 313)))
    with open(folder / "attributes/image_attribute_labels.txt", "w", encoding="utf-8") as file:
        for image, row in zip(numbers, present, strict=True):
            file.writelines(f"{image} {number} {value} 3 27.7080\n" for number, value in enumerate(row, 1))
    path = folder / "images.txt"
    path.write_text("".join(f"{number} 001.Bird/{number}.jpg\n" for number in numbers))
    return path


def lines_of(folder: Path) -> None:
    """Read every line of every file, split at commas or blanks."""
    for path in folder.rglob("*.*"):
        with open(path, newline="", encoding="utf-8") as file:
            for _ in csv.reader(file) if path.suffix == ".csv" else map(str.split, file):
                pass


def peak(run: Callable[[], object]) -> float:
    """Return the peak memory of Python and NumPy during a run, in MB."""
    tracemalloc.start()
    run()
    megabytes = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return megabytes


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--table", type=int, default=300_000, help="images in the table")
    made.add_argument("--nuswide", type=int, default=161_789, help="images in the list of NUS-WIDE")
    made.add_argument("--cub", type=int, default=11_788, help="images of CUB-200-2011")
    options = made.parse_args()
    figures, ratios = {}, []
    with tempfile.TemporaryDirectory() as root:
        folders = {name: Path(root, name) for name in ("table", "nuswide", "cub")}
        for folder in folders.values():
            folder.mkdir()
        table = str(make_table(folders["table"], options.table))
        concepts = str(make_nuswide(folders["nuswide"], options.nuswide))
        birds = str(make_cub(folders["cub"], options.cub))
        readers: dict[str, Callable[[], object]] = {
            "table": lambda: csv_table.read(table),
            "nuswide": lambda: nuswide.read(concepts),
            "cub": lambda: cub.read(birds, "train"),
        }
        for name, read in readers.items():
            runs = {
                "read": lambda read=read: seconds(read),
                "lines": lambda name=name: seconds(lambda: lines_of(folders[name])),
            }
            times = fastest(options.repeats, runs)
            figures[name] = {"s": times["read"], "lines, s": times["lines"], "MB": peak(read)}
            ratios.append(Ratio(f"{name}: seconds, times those of its lines alone", times["read"] / times["lines"]))
    sizes = f"a table of {options.table:,} images, NUS-WIDE of {options.nuswide:,}, CUB of {options.cub:,}"
    report(f"Reading annotations: {sizes}", figures, ratios, options)


if __name__ == "__main__":
    main()
