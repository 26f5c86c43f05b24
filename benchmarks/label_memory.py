"""Peak memory and time of the scripts that read or write matrices [N, L], on made labels and logits.

    python benchmarks/label_memory.py [--images 30000] [--categories 5000] [--baseline FOLDER] [--json label_memory.json]

Every script runs as in the workflow, in a process of its own, which reads its own peak of resident memory (Linux alone
tells). ``--baseline`` is the folder workflow_scripts of another version: its scripts run on the same files, and the ratio
is its memory to ours.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from common import ROOT, Ratio, parser, report, seconds

ROWS = 1000  # made at a time
TRAIN_SHARE = 0.8  # of the rows of the training part
PRESENT = 3  # true positives per image, about
WIDTH = 512  # features
SEED = 1200
TEACHER, STUDENT = "teachers/em/seed_1200", "students/paper/seed_1200/tau_0.50"
RUNNER = """
import os, re, runpy, sys, time, types
class Named(dict):
    __getattr__ = dict.__getitem__
script, job, peak = sys.argv[1:]
job = eval(open(job).read())
sys.path.insert(0, os.path.dirname(script))
fields = {name: Named(job.get(name, {})) for name in ("input", "output", "params", "wildcards", "resources")}
folder, file = os.path.split(script)
about = {"rule": file.removesuffix(".py"), "scriptdir": folder, "threads": job["threads"], "log": [job["log"]]}
snakemake = types.SimpleNamespace(**fields, **about)
from spml.artifacts import records
hashing = 0.0
def timed(path, sha256=records.sha256):
    global hashing
    start = time.perf_counter()
    found = sha256(path)
    hashing += time.perf_counter() - start
    return found
records.sha256 = timed
try:
    runpy.run_path(script, {"snakemake": snakemake})
except SystemExit as ended:  # a script may end early, as for a model that is left out
    if ended.code:
        raise
status = open("/proc/self/status").read()
open(peak, "w").write(re.search("VmHWM:\\\\s+([0-9]+) kB", status)[1] + f" {hashing}")
"""


def blocks(count: int) -> Iterator[slice]:
    """Yield the rows to make at a time."""
    for start in range(0, count, ROWS):
        yield slice(start, min(start + ROWS, count))


def make(folder: Path, images: int, categories: int) -> None:
    """Write labels and logits of a training part and of a test part with so many images each, and what belongs to them."""

    from spml.artifacts import checkpoints, features, hdf5, manifest, records
    from spml.data.splits import training_split

    random = np.random.default_rng(0)
    names = [f"category {number}" for number in range(categories)]
    split = training_split(images, 1 - TRAIN_SHARE, SEED)
    rates = np.minimum(PRESENT / categories * random.exponential(size=categories), 0.5).astype(np.float32)

    def fill(path: Path, kind: str, name: str, ids: list[str], dtype: type, **more: np.ndarray) -> Iterator:
        """Write a matrix whose rows are sent, a block after the other."""
        with hdf5.creating(path, kind) as file:
            hdf5.add_strings(file, "image_id", ids)
            hdf5.add_strings(file, "category", names)
            matrix = hdf5.add_matrix(file, name, (len(ids), categories), dtype)
            for rows in blocks(len(ids)):
                matrix[rows] = yield
            for key, values in more.items():
                hdf5.add_matrix(file, key, values.shape, values.dtype)[...] = values
        yield

    for part in ("train", "test"):
        ids = [f"{part} {row:07}" for row in range(images)]
        manifest.write(folder / f"images_{part}.csv", ((name, f"{name}.jpg", f"{part}/{name}.jpg") for name in ids))
        more = {"split": split} if part == "train" else {}
        labels = fill(folder / f"labels_{part}.h5", "labels", "label", ids, np.int8, **more)
        weights = fill(folder / f"weights_{part}.h5", "observation_weights", "weight", ids, np.float32)
        next(labels), next(weights)
        for rows in blocks(images):
            true = (random.random((rows.stop - rows.start, categories), np.float32) < rates).astype(np.int8)
            labels.send(true), weights.send(true * np.float32(0.5))
    for name in ("train", "val", "test"):  # the first is of the whole training part, as predict_logits writes it
        ids = [f"{'test' if name == 'test' else 'train'} {row:07}" for row in range(images)]
        if name == "val":
            ids = [ids[row] for row in np.flatnonzero(split == 1)]
        more = {"split": split} if name == "train" else {}
        logits = fill(folder / f"logits_{name}.h5", "logits", "logit", ids, np.float32, **more)
        next(logits)
        for rows in blocks(len(ids)):
            logits.send(3 * random.standard_normal((rows.stop - rows.start, categories), np.float32) - 9)
    for part in ("train", "test"):
        ids = [f"{part} {row:07}" for row in range(images)]
        drawn = (random.standard_normal((rows.stop - rows.start, WIDTH), np.float32) for rows in blocks(images))
        shard = folder / f"shard_{part}.h5"
        features.write_shard(
            shard, ids, drawn, "float16", **(dict.fromkeys(features.SETTINGS[:-1], "x") | {"preprocessing": "{}"})
        )
        features.join(folder / f"features_{part}.h5", [shard])
    head = {"output.weight": random.standard_normal((categories, WIDTH), np.float32)}
    head["output.bias"] = np.zeros(categories, np.float32)
    about = {
        "categories": names,
        "head": "linear",
        "val_map": 50.0,
        "select_on": "true_labels",
        "seed": SEED,
        "loss": {},
        "candidate": {},
        "edges": [],
    }
    checkpoints.save(folder / "checkpoint.safetensors", head, about)
    row = {
        "kind": "teachers",
        "name": "em",
        "variant": "",
        "tau": "",
        "seed": SEED,
        "select_on": "true_labels",
        "left_out": "",
    }
    row |= dict.fromkeys(("val_map", "val_map_present", "test_map", "test_map_present"), 50)
    row |= dict.fromkeys(("val_categories_present", "test_categories_present", "categories"), categories)
    text = ",".join(row) + "\n" + ",".join(map(str, row.values())) + "\n"
    with records.writing(folder / "map.csv", "table") as part:
        part.write_text(text, encoding="utf-8")


def jobs(folder: Path) -> dict[str, dict]:
    """Return what Snakemake passes to the script of each job; later ones read what earlier ones write."""

    def path(name: str) -> str:
        return str(folder / name)

    def job(inputs: dict, outputs: dict, wildcards: dict | None = None, **params: object) -> dict:
        named = {"seed": str(SEED), "dataset": "made", "pseudo_labels": "paper", "variant": "tau_0.50"}
        outputs = {name: path(output) for name, output in outputs.items()}
        return {"input": inputs, "output": outputs, "params": params, "wildcards": named | (wildcards or {})}

    true, test, observed = path("labels_train.h5"), path("labels_test.h5"), path("observed.h5")
    logits = {name: path(f"logits_{name}.h5") for name in ("train", "val", "test")}
    checkpoint = path("checkpoint.safetensors")
    features = {f"{part}_features": path(f"features_{part}.h5") for part in ("train", "test")}
    rows = {"logits": [logits["train"]], "labels": true, "observed": observed}
    rows |= {"images": path("images_train.csv"), "tars": []}
    model = {"kind": "teachers", "name": "em", "variant": ""}
    variant = {"pseudo_labels": "paper", "variant": "tau_0.50", "tau": "0.50", "seed": SEED}
    measured = {"labels": true, "pseudo_labels": [path("threshold.h5")], "observed": [observed]}
    drawn = {"labels": true, "weights": [], "table": [], "file": [], "images": [], "answers": []}
    once = {"positives_per_image": 1, "negatives_per_image": 0}
    rule = {"teacher": ["em"], "keep_observed": True}
    fitted = {"features": features["train_features"], "labels": true, "observed": observed}
    fitted |= {"decomposition": [], "landmarks": [], "priors": []}
    weights = {"checkpoint": "trained.safetensors", "history": "history.csv"}
    settings = {"head": "linear", "epochs": 1, "batch_sizes": [256], "learning_rates": [1e-3], "patience": None}
    settings |= {"standardize": True, "supervision": "observed", "select_on": "true_labels"}
    settings |= {"input_dropout": 0.0, "weight_average": 0.0, "weight_decay": 0.0}
    resources = {"resources": {"memory_mb": 0, "device": "cpu"}}
    pool = {"pool_features": [], "pool_labels": []}
    return {
        "make_observed_labels": job(drawn, {"observed": "observed.h5"}, options={"sampling": "uniform"} | once),
        "make_observed_labels size": job(
            drawn | {"weights": path("weights_train.h5")},
            {"observed": "observed_size.h5"},
            options={"sampling": "size"} | once,
        ),
        "check_labels": job(
            {"labels": true, "observed": [observed], "table": []},
            {"checked": "checked.txt"},
            options={"full_supervision": ["full"], "select_on": "observed_labels"}
            | {key: {} for key in ("expected", "ranked", "rates")},
        ),
        "train_teacher an": job(fitted, weights, {"teacher": "an"}, options=settings | {"loss": {"name": "an"}})
        | resources,
        "train_teacher role": job(
            fitted, weights, {"teacher": "role"}, options=settings | {"loss": {"name": "role", "k": 3.0}}
        )
        | resources,
        "predict_logits": job(
            {"checkpoint": checkpoint, "features": features["train_features"], "labels": true},
            {"logits": "predicted.h5"},
            {"split": "train"},
        ),
        "make_pseudo_labels threshold": job(
            rows,
            {"labels": "threshold.h5", "table": "threshold.csv"},
            options={"rule": "threshold", "parameters": {"tau": 0.5}} | rule,
        ),
        "train_student": job(
            fitted | pool | {"pseudo_labels": path("threshold.h5")},
            weights,
            {"student": "paper"},
            options=settings | {"loss": {"name": "bce"}},
        )
        | resources,
        "estimate_priors": job(
            {"labels": true, "observed": observed, "logits": logits["val"]},
            {"priors": "priors.csv"},
            options={"method": "estimated"},
        ),
        "make_pseudo_labels class_prior": job(
            rows | {"priors": path("priors.csv")},
            {"labels": "class_prior.h5", "table": "class_prior.csv"},
            options={"rule": "class_prior", "parameters": {"prior": None}} | rule,
        ),
        "collect_label_counts": job(measured, {"table": "counts.csv"}, variants=[variant]),
        "measure_label_quality": job(
            measured, {"label_quality": "quality.csv", "confusions": "confusions.csv"}, variants=[variant]
        ),
        "evaluate": job(
            {"checkpoint": checkpoint, **features, "train_labels": true, "test_labels": test, "observed": []},
            {"val": "evaluated_val.h5", "test": "evaluated_test.h5", "metrics": "metrics.json"},
            options={},
        ),
        "evaluate on observed labels": job(
            {"checkpoint": checkpoint, **features, "train_labels": true, "test_labels": test, "observed": observed},
            {"val": "observed_val.h5", "test": "observed_test.h5", "metrics": "observed_metrics.json"},
            options={"labels_per_image": None},
        ),
        "compare_methods": job(
            {"logits": [logits["test"]], "labels": test, "table": path("map.csv")},
            {"table": "comparison.csv"},
            models=[model],
            options={"reference": model, "students": "paper"},
        ),
        "choose_model": job(
            {
                "checkpoints": [checkpoint],
                "metrics": [path("metrics.json")],
                "table": [],
                "features": features["train_features"],
                "trained": [],
            },
            {"checkpoint": "model.safetensors", "choice": "model.json"},
            options={"candidates": [model], "seed": SEED, "backbone": {}},
        ),
        "make_gallery": job(
            rows | {"pseudo_labels": [path("threshold.h5")], "thumbnails": path("thumbnails"), "map": []},
            {"page": "gallery.html", "details": "details"},
            options={"part": "train", "teacher": "em", "student": "", "variants": {"tau_0.50": "τ 0.50"}},
        ),
        "export_pseudo_labels parquet": job(
            rows | {"pseudo_labels": path("threshold.h5")}, {"export": "parquet"}, {"format": "parquet"}
        ),
    }


def run(scripts: Path, name: str, job: dict, folder: Path, threads: int) -> tuple[float, float, float]:
    """Run a job; return its peak of resident memory in MB, its seconds, and those of them that checksums take.

    Raises
    ------
    SystemExit
        When the job fails: with its log.
    """
    passed, peak, log = (folder / f"job.{suffix}" for suffix in ("py", "peak", "log"))
    passed.write_text(repr(job | {"threads": threads, "log": str(log)}), encoding="utf-8")
    command = [sys.executable, "-c", RUNNER, str(scripts / f"{name.split()[0]}.py"), str(passed), str(peak)]
    peak.unlink(missing_ok=True)
    taken = seconds(lambda: subprocess.run(command, check=False))
    if not peak.is_file():
        sys.exit(
            f"{name} of {scripts} failed{':' if log.is_file() else ' before its log began'}\n{log.read_text(encoding='utf-8') if log.is_file() else ''}"
        )
    memory, hashing = peak.read_text(encoding="utf-8").split()
    return int(memory) / 1024, taken, float(hashing)


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--images", type=int, default=30000)
    arguments.add_argument("--categories", type=int, default=5000)
    arguments.add_argument("--baseline", type=Path, help="workflow_scripts of another version")
    arguments.add_argument("--only", nargs="*", help="jobs whose names begin so; later ones need files of earlier ones")
    arguments.add_argument("--folder", type=Path, help="where to make the files, and to keep them")
    options = arguments.parse_args()
    figures: dict[str, dict[str, float]] = {}
    ratios = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        if not (folder / "map.csv").is_file():
            folder.mkdir(parents=True, exist_ok=True)
            make(folder, options.images, options.categories)
        for name, job in jobs(folder).items():
            if options.only and not name.startswith(tuple(options.only)):
                continue
            figures[name] = row = {}
            if options.baseline:
                row["before, MB"], row["before, s"], _ = run(options.baseline, name, job, folder, options.threads)
            row["MB"], row["s"], hashing = run(ROOT / "workflow_scripts", name, job, folder, options.threads)
            row["checksums, %"] = 100 * hashing / row["s"]
            print(name, row, flush=True)
            if options.baseline:
                ratios.append(Ratio(f"{name}: memory before, times ours", row["before, MB"] / row["MB"]))
    shape = f"{options.images:,} images, {options.categories:,} categories"
    report(f"Peak of resident memory: {shape}", figures, ratios, options)


if __name__ == "__main__":
    main()
