"""A whole study of a size that a laptop meets: seconds from features on to the report, and where they go.

    python benchmarks/study.py [--baseline FOLDER] [--json study.json]

6 teachers, 5 τ and 5 other students, 3 replicates, an MLP: 48 models on 4,902 training and 1,226 validation rows with
1,280 features and 14 categories. Pictures are drawn, and the features of a real MobileNetV2 (in the folder that
SPML_TEST_DATA names) are extracted, before the clock starts. ``--baseline`` is another clone of this project, whose workflow
runs the same study.
"""

import csv
import os
import re
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml
from common import ROOT, Ratio, job_seconds, parser, report, seconds, workflow

TRAIN, TEST, CATEGORIES = 6128, 2000, 14
SIZE, CELLS = 64, 4  # a picture is CELLS x CELLS squares
GRAYS, NOISE = (90, 166), 15  # of the squares without a category; standard deviation of the others' colors, of 255
PRESENT = 2.4  # categories per picture, about
WEIGHTS = Path("weights", "mobilenet_v2_imagenet.pth")
BACKBONE = {"library": "torchvision", "model": "mobilenet_v2", "image_size": SIZE, "precision": "float32"}
TARGET = 300  # seconds on two cores
STUDY = {
    "dataset": "study",
    "datasets": {
        "study": {
            "source": "csv",
            "backbone": "mobilenet",
            "train": {"annotations": "train.csv"},
            "test": {"annotations": "test.csv"},
        }
    },
    "teachers": {
        "em": {"loss": "em"},
        "an": {"loss": "an"},
        "gr": {"loss": "gr"},
        "role": {"loss": "role"},
        "ll_r": {"loss": "ll_r"},
        "full": {"loss": "bce", "supervision": "full"},
    },
    "pseudo_labels": {
        "paper": {
            "teacher": "em",
            "rule": "threshold",
            "taus": [0.55, 0.65, 0.75, 0.85, 0.95],
            "keep_observed": True,  # so that every τ has positives
        },
        "class_prior": {"teacher": "em", "rule": "class_prior", "keep_observed": True},
        "top_k": {"teacher": "em", "rule": "top_k", "k": 500},
        "argmax": {"teacher": "em", "rule": "argmax"},
        "soft": {"teacher": "em", "rule": "soft"},
        "recommended": {"teacher": ["em", "gr", "ll_r"], "rule": "soft", "keep_observed": True},
    },
    "figures": {"students": "paper", "baselines": ["an", "em", "full"]},
}
STUDY["students"] = {name: {"pseudo_labels": name, "loss": "bce"} for name in STUDY["pseudo_labels"]}  # type: ignore[union-attr]
STUDY["students"]["recommended"]["head"] = "auto"  # type: ignore[index]


def picture(random: np.random.Generator, colors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a picture [SIZE, SIZE, 3] of gray squares, some in about the color of a category, and these categories."""
    present = random.permutation(CATEGORIES)[: max(1, min(random.poisson(PRESENT), CELLS**2))]
    squares = random.integers(*GRAYS, (CELLS**2, 1)).repeat(3, 1)
    squares[random.permutation(CELLS**2)[: len(present)]] = colors[present] + random.normal(0, NOISE, (len(present), 3))
    squares = squares.clip(0, 255).astype(np.uint8).reshape(CELLS, CELLS, 3)
    return squares.repeat(SIZE // CELLS, 0).repeat(SIZE // CELLS, 1), present


def draw(folder: Path) -> None:
    """Write pictures, the tables that name their categories, and the configuration."""
    from PIL import Image

    random = np.random.default_rng(0)
    colors = random.integers(0, 256, (CATEGORIES, 3))
    names = [f"category {number:02}" for number in range(CATEGORIES)]
    for part, count in (("train", TRAIN), ("test", TEST)):
        (folder / part).mkdir(parents=True)
        rows = []
        for number in range(count):
            pixels, present = picture(random, colors)
            path = f"{part}/{number:05}.png"
            Image.fromarray(pixels).save(folder / path)
            rows.append((path, names[present[0]], ";".join(names[one] for one in sorted(present))))
        with open(folder / f"{part}.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("path", "observed", "true"), *rows])
    data = os.environ.get("SPML_TEST_DATA")
    if not data:
        raise SystemExit("SPML_TEST_DATA names no folder; wanted the one with weights/mobilenet_v2_imagenet.pth")
    study = STUDY | {"backbones": {"mobilenet": BACKBONE | {"weights": str(Path(data).resolve() / WEIGHTS)}}}
    (folder / "study.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")


def snakemake(clone: Path, folder: Path, cores: int, *targets: str) -> str:
    """Run the workflow of a clone in a folder; return what Snakemake itself prints.

    Raises
    ------
    SystemExit
        When it fails.
    """
    command = workflow(clone, folder, "study.yaml", cores)
    done = subprocess.run([*command, "--printshellcmds", *targets], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return done.stdout + done.stderr


def run(clone: Path, folder: Path, cores: int) -> tuple[float, int]:
    """Return the seconds and jobs of the study, features apart."""
    draw(folder)
    features = [f"results/study/features/mobilenet/{part}.h5" for part in ("train", "test")]
    snakemake(clone, folder, cores, *features)
    shown: list[str] = []
    taken = seconds(lambda: shown.append(snakemake(clone, folder, cores)))
    return taken, int(re.findall(r"^total +([0-9]+)", shown[0], re.M)[0])


def by_rule(folder: Path, rules: Sequence[str]) -> dict[str, dict[str, float]]:
    """Return the number of jobs and the seconds of each rule, by the benchmark files of its jobs."""
    figures = {}
    for rule in rules:
        place = folder / "results" / "study" / "benchmarks"
        if taken := job_seconds([*place.glob(f"{rule}.tsv"), *place.glob(f"{rule}/**/*.tsv")]):
            figures[rule] = {"jobs": len(taken), "per job, s": sum(taken) / len(taken), "all, s": sum(taken)}
    return dict(sorted(figures.items(), key=lambda item: -item[1]["all, s"]))


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--baseline", type=Path, help="another clone of this project")
    arguments.add_argument("--folder", type=Path, help="where to run, and to keep the results")
    options = arguments.parse_args()
    rules = [path.stem for path in (ROOT / "workflow_scripts").glob("*.py")]
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        before = run(options.baseline.resolve(), folder / "before", options.threads) if options.baseline else None
        taken, jobs = run(ROOT, folder / "study", options.threads)
        figures = by_rule(folder / "study", rules)
    every = sum(row["all, s"] for row in figures.values())
    figures["elapsed"] = {"jobs": jobs, "all, s": taken}
    ratios = [
        Ratio("seconds of the study", taken, f"<= {TARGET}"),
        Ratio("seconds of all jobs, share of cores x time", every / options.threads / taken, "", 2),
    ]
    if before:
        figures["elapsed, baseline"] = {"jobs": before[1], "all, s": before[0]}
        ratios.append(Ratio("seconds of the baseline, times ours", before[0] / taken))
    report(f"A study of 48 models, {options.threads} cores", figures, ratios, options)


if __name__ == "__main__":
    main()
