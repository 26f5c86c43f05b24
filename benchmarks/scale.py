"""A data set of the size of Open Images through the rules: time and memory of each, beside what each asks for.

    python benchmarks/scale.py [--images 2000000] [--test 125000] [--categories 601] [--folder FOLDER] [--json scale.json]

True labels are drawn, with a few categories that are frequent and many that are rare. Features are not extracted: a
matrix of a few columns stands for them, so that training takes little and labels take the rest. Seconds and peak memory
are those of Snakemake's own benchmark files, and so is what a job asked for.
"""

import ast
import csv
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import yaml
from common import ROOT, Ratio, parser, report, seconds, workflow

WIDTH = 16  # features
PRESENT = 3  # categories per image, about
NOISE = 1.0  # standard deviation of a feature, beside what the labels add to it
ROWS = 100_000  # drawn at a time
TRAINING = {"head": "linear", "epochs": 2, "batch_sizes": [4096], "learning_rates": [0.01], "weight_average": 0.0}
STUDY = {
    "dataset": "scale",
    "datasets": {
        "scale": {
            "source": "features",
            "backbone": "drawn",
            "train": {"annotations": "train.csv"},
            "test": {"annotations": "test.csv"},
            "categories": "categories.txt",
            "training": TRAINING,
        }
    },
    "backbones": {"drawn": {"library": "file", "train": "train.npy", "test": "test.npy"}},
    "seeds": [1200],
    "teachers": {"an": None, "gr": None, "ll_r": None},
    "pseudo_labels": {"paper": {"taus": [0.75]}, "recommended": None},
    "students": {"recommended": None},
    "figures": {"baselines": ["em", "full"]},
    "predict": {"model": None},
    "review": {"pseudo_labels": None},
}


def draw(folder: Path, part: str, images: int, names: list[str]) -> None:
    """Write the table of a part, with true labels, and its features: a random direction for each category, and noise."""
    random = np.random.default_rng([0, part == "test"])
    directions = np.random.default_rng(1).standard_normal((len(names), WIDTH)).astype(np.float32)
    frequency = 1 / np.arange(1, len(names) + 1)
    frequency /= frequency.sum()
    matrix = np.lib.format.open_memmap(folder / f"{part}.npy", "w+", np.float16, (images, WIDTH))
    with (folder / f"{part}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("id", "true"))
        for start in range(0, images, ROWS):
            count = min(ROWS, images - start)
            drawn = random.choice(len(names), (count, 2 * PRESENT), p=frequency)
            sizes = 1 + random.binomial(2 * PRESENT - 1, (PRESENT - 1) / (2 * PRESENT - 1), count)
            features = NOISE * random.standard_normal((count, WIDTH), np.float32)
            for row in range(count):
                present = np.unique(drawn[row, : sizes[row]])
                features[row] += directions[present].sum(0)
                writer.writerow((f"{part}{start + row:08}", ";".join(names[one] for one in present)))
            matrix[start : start + count] = features


def snakemake(folder: Path, cores: int, *arguments: str) -> None:
    """Run the workflow in a folder.

    Raises
    ------
    SystemExit
        When it fails.
    """
    command = workflow(ROOT, folder, "scale.yaml", cores)
    if subprocess.run([*command, "--benchmark-extended", *arguments], check=False).returncode:
        raise SystemExit(f"the run in {folder} failed")


def rows(folder: Path) -> dict[str, dict[str, float]]:
    """Return what the jobs of each rule took and asked for: the sum of seconds, the largest of all others."""
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for path in sorted((folder / "results" / "scale" / "benchmarks").rglob("*.tsv")):
        with path.open(encoding="utf-8") as file:
            for job in csv.DictReader(file, delimiter="\t"):
                row = found[job["rule_name"]]
                asked = ast.literal_eval(job["resources"])
                row["jobs"] += 1
                row["s"] += float(job["s"])
                for key, value in {
                    "MB": float(job["max_rss"]),
                    "asked, MB": asked.get("mem_mb", 0),
                    "asked, s": 60 * asked.get("runtime", 0),
                }.items():
                    row[key] = max(row[key], value)
    return dict(sorted(found.items(), key=lambda item: -item[1]["s"]))


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--images", type=int, default=2_000_000)
    arguments.add_argument("--test", type=int, default=125_000)
    arguments.add_argument("--categories", type=int, default=601)
    arguments.add_argument("--cores", type=int, default=2)
    arguments.add_argument("--folder", type=Path, help="where to make the files, and to keep them")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "scale.yaml").is_file():
            names = [f"category {number:04}" for number in range(options.categories)]
            (folder / "categories.txt").write_text("\n".join(names) + "\n", encoding="utf-8")
            for part, images in (("train", options.images), ("test", options.test)):
                draw(folder, part, images, names)
            (folder / "scale.yaml").write_text(yaml.safe_dump(STUDY, sort_keys=False), encoding="utf-8")
        taken = seconds(lambda: snakemake(folder, options.cores))
        figures = rows(folder)
        sizes = {
            str(path.relative_to(folder / "results" / "scale")): {"size, MB": path.stat().st_size / 1e6}
            for path in sorted((folder / "results" / "scale").rglob("*"))
            if path.suffix in (".h5", ".csv", ".json", ".html") and path.stat().st_size > 5e6
        }
    ratios = [
        Ratio(f"{name}: memory asked for, times the peak", row["asked, MB"] / row["MB"])
        for name, row in figures.items()
        if row["asked, MB"]  # others run beside Snakemake itself
    ]
    shape = f"{options.images:,} images, {options.categories:,} categories"
    report(f"{shape}: {taken:,.0f} s", figures | sizes, ratios, options)


if __name__ == "__main__":
    main()
