"""From COCO's annotations to true labels at COCO's size, against reading the two files by json alone.

    python benchmarks/coco_json.py [--baseline FOLDER] [--json coco_json.json]

The files have as many images, annotations and bytes as those of 2014, with outlines as long. Pictures are empty files. Every
job runs as in the workflow, in a process of its own, which reads its own peak of resident memory (Linux alone tells).
``--baseline`` is the folder workflow_scripts of another version: its jobs run on the same files.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TextIO

import label_memory
import numpy as np
from common import ROOT, Ratio, parser, report

SIZES = {"train": (82_783, 604_907), "test": (40_504, 291_875)}  # images and annotations
UNANNOTATED = {"train": 702, "test": 367}  # of these images
CATEGORIES, SEED = 80, 1200
CROWDS = 0.01  # share of annotations, with a list of counts as their outline
TOGETHER = 10_000  # annotations drawn at a time
READ = """
import json, re, sys
with open(sys.argv[1], encoding="utf-8") as file:
    json.load(file)
print(re.search("VmHWM:\\\\s+([0-9]+) kB", open("/proc/self/status").read())[1])
"""


def images(count: int) -> Iterator[dict]:
    """Yield images with the members that COCO's have."""
    for number in range(count):
        name = f"{7 * number + 9:012}.jpg"
        yield {
            "license": 3,
            "file_name": name,
            "coco_url": f"http://images.cocodataset.org/train2014/{name}",
            "height": 480,
            "width": 640,
            "date_captured": "2013-11-19 20:40:11",
            "flickr_url": f"http://farm5.staticflickr.com/4026/{4622125393 + number}_84c1fdb8d6_z.jpg",
            "id": 7 * number + 9,
        }


def annotations(count: int, of_images: int, seed: int) -> Iterator[dict]:
    """Yield annotations of images that each have some, with outlines of about 45 numbers."""
    random = np.random.default_rng(seed)
    owner = np.concatenate([np.arange(of_images), random.integers(0, of_images, count - of_images)])
    for start in range(0, count, TOGETHER):
        numbers = range(start, min(start + TOGETHER, count))
        points = np.maximum(3, np.rint(random.lognormal(2.8, 0.75, len(numbers)))).astype(int)
        for number, length in zip(numbers, points.tolist(), strict=True):
            is_crowd = bool(random.random() < CROWDS)
            x, y, width, height = (random.integers(1, 30_000, 4) / 100).tolist()
            counts = {"counts": random.integers(1, 450, 790).tolist(), "size": [480, 640]} if is_crowd else None
            yield {
                "segmentation": counts or [(random.integers(0, 64_000, 2 * length) / 100).tolist()],
                "area": round(width * height, 4),
                "iscrowd": int(is_crowd),
                "image_id": 7 * int(owner[number]) + 9,
                "bbox": [x, y, width, height],
                "category_id": int(random.integers(1, CATEGORIES + 1)),
                "id": 900_000 + number,
            }


def write_list(file: TextIO, key: str, entries: Iterator[dict]) -> None:
    """Write a member that is a list, an element at a time."""
    file.write(f', "{key}": [')
    for number, entry in enumerate(entries):
        file.write((", " if number else "") + json.dumps(entry))
    file.write("]")


def make(folder: Path, share: float) -> None:
    """Write annotations and pictures of both parts, or of a share of them."""
    for seed, (part, (listed, count)) in enumerate(SIZES.items()):
        listed, count = int(listed * share), int(count * share)
        annotated = listed - int(UNANNOTATED[part] * share)
        with open(folder / f"{part}.json", "w", encoding="utf-8") as file:
            file.write('{"info": {"description": "made"}')
            write_list(file, "images", images(listed))
            write_list(file, "annotations", annotations(count, annotated, seed))
            names = ({"supercategory": "thing", "id": n, "name": f"category {n}"} for n in range(1, CATEGORIES + 1))
            write_list(file, "categories", names)
            file.write("}")
        (folder / part).mkdir()
        for image in images(listed):
            (folder / part / image["file_name"]).touch()


def jobs(folder: Path, results: Path, read_once: bool) -> Iterator[tuple[str, dict]]:
    """Yield name and description of each job, from the annotations of both parts to the true labels."""
    source = {part: str(folder / f"{part}.json") for part in SIZES}
    listing = {"images_per_shard": 4096, "missing_pictures": "refuse", "unannotated_count": False}
    if read_once:
        for part in SIZES:
            made = {"annotations": str(results / f"annotations/{part}.h5")}
            yield f"read_annotations {part}", {"input": {"annotations": source[part]}, "output": made}
        source = {part: str(results / f"annotations/{part}.h5") for part in SIZES}
    for part in SIZES:
        inputs = {"annotations": source[part], "left_out": [], "pictures": [], "pool": []}
        outputs = {name: str(results / f"images/{part}{end}") for name, end in (("images", ".csv"), ("shards", ""))}
        outputs["left_out"] = str(results / f"images/{part}_left_out.csv")
        options = listing | {"folder": str(folder / part)}
        job = {"input": inputs, "output": outputs, "params": {"options": options}, "wildcards": {"part": part}}
        yield f"list_images {part}", job
    inputs = source | {"categories": []} | {f"{part}_images": str(results / f"images/{part}.csv") for part in SIZES}
    outputs = {name: str(results / f"labels/{name}.h5") for name in SIZES} | {"warnings": str(results / "warnings.csv")}
    options = {"fraction": 0.2, "seed": SEED, "unannotated_count": False}
    yield "make_labels", {"input": inputs, "output": outputs, "params": {"options": options}}


def by_json(path: Path) -> float:
    """Return the peak of resident memory, in MB, of ``json.load`` in a process of its own."""
    done = subprocess.run([sys.executable, "-c", READ, str(path)], check=True, capture_output=True, text=True)
    return int(done.stdout) / 1024


def measured(run: Callable[[], float]) -> dict[str, float]:
    """Return seconds, seconds of processor time, and the peak of memory that a run of a child process returns."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    peak = run()
    taken, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"s": taken, "processor, s": busy, "MB": peak}


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--share", type=float, default=1.0, help="of COCO's size")
    arguments.add_argument("--baseline", type=Path, help="workflow_scripts of another version")
    options = arguments.parse_args()
    versions = {"ours": ROOT / "workflow_scripts"} | ({"before": options.baseline} if options.baseline else {})
    figures: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make(folder, options.share)
        for part in SIZES:
            path = folder / f"{part}.json"
            figures[f"json.load {part}"] = measured(partial(by_json, path)) | {"file, MB": path.stat().st_size / 1e6}
        for version, scripts in versions.items():
            results = folder / version / "results"
            for name, job in jobs(folder, results, (scripts / "read_annotations.py").is_file()):
                for path in job["output"].values():
                    Path(path).parent.mkdir(parents=True, exist_ok=True)
                run = partial(label_memory.run, scripts, name, job, folder, options.threads)
                figures[f"{version}: {name}"] = measured(lambda run=run: run()[0])
                print(name, figures[f"{version}: {name}"], flush=True)
    for name in ("json.load", *versions):
        rows = [row for key, row in figures.items() if key.startswith(name)]
        sums = {key: sum(row[key] for row in rows) for key in ("s", "processor, s")}
        figures[f"{name}, all"] = sums | {"MB": max(row["MB"] for row in rows)}
    ratios = []
    for key, what in (("processor, s", "processor time"), ("MB", "peak memory")):
        for version in versions:
            found = figures[f"{version}, all"][key] / figures["json.load, all"][key]
            ratios.append(Ratio(f"{version}: {what}, times json.load of both files", found, digits=2))
    report("From COCO's annotations to true labels", figures, ratios, options)


if __name__ == "__main__":
    main()
