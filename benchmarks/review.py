"""The review at the size of COCO: seconds to choose questions, bytes and seconds of the page's data, and of its pictures.

    python benchmarks/review.py [--json review.json]

Logits are drawn; pictures are random blobs of 640 x 480 pixels. How fast the page answers is for a browser to say: with
--page FOLDER the page is written there (docs/review.md has what Chromium needed).
"""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from common import Ratio, parser, report, seconds
from PIL import Image

from spml.reporting import html
from spml.review import page, queue, thumbnails


def drawn(count: int, categories: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits, pseudo-labels and observed labels, [N, L] each."""
    random = np.random.RandomState(0)
    logits = random.randn(count, categories).astype(np.float32)
    observed = np.zeros(logits.shape, np.int8)
    observed[np.arange(count), random.randint(0, categories, count)] = 1
    return logits, (logits > 1.5).astype(np.int8), observed


def rows(questions: queue.Questions) -> list[dict[str, str]]:
    """The queue as its table has it."""
    return [
        dict(zip(page.COLUMNS, (f"{r:08}", f"train/{r:08}.jpg", f"category {c}", "no", "0.5000", "why"), strict=True))
        for r, c in zip(*questions.entries, strict=True)
    ]


def main() -> None:
    made = parser(__doc__)
    made.add_argument("--images", type=int, default=80_000)
    made.add_argument("--categories", type=int, default=80)
    made.add_argument("--questions", type=int, default=80_000)
    made.add_argument("--pictures", type=int, default=200)
    made.add_argument("--page", type=Path, help="a folder to write a page to, with the same picture everywhere")
    options = made.parse_args()
    logits, pseudo, observed = drawn(options.images, options.categories)
    figures = {}
    for name, strategy in queue.STRATEGIES.items():
        figures[f"queue, {name}"] = {
            "s": seconds(lambda s=strategy: queue.choose(s, logits, pseudo, observed, 1.5, options.questions, 0))
        }
    found = queue.choose(queue.STRATEGIES["random"], logits, pseudo, observed, 1.5, options.questions, 0)
    table = rows(queue.group_by_category(found))
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(options.threads) as pool:
        folder = options.page / "data" if options.page else Path(scratch, "data")
        figures["questions"] = {"s": seconds(lambda: page.write_questions(folder, table))}
        names, data = page.write_questions(folder, table)
        scripts = list((folder / "questions").iterdir())
        figures["questions"]["MB"] = sum(file.stat().st_size for file in scripts) / 1e6
        paths = []
        for number in range(options.pictures):
            small = np.random.RandomState(number).randint(0, 255, (12, 16, 3), np.uint8)
            paths.append(str(Path(scratch, f"{number}.jpg")))
            Image.fromarray(small).resize((640, 480), Image.Resampling.BICUBIC).save(paths[-1], quality=90)
        sizes: list[int] = []
        taken = seconds(lambda: sizes.extend(page.write_pictures(folder, paths, pool.map)))
        figures["pictures"] = {"images/s": options.pictures / taken}
        figures["a picture"] = {"MB": sum(sizes) / len(paths) / 1e6}
        if options.page:
            one = thumbnails.thumbnail(paths[0], page.SIDE, page.MOST)
            list(page.write_pictures(folder, names, lambda make, part: [one] * len(part)))
            text = html.render("review.html", title="many", data=data | {"folder": "data"})
            (options.page / "review.html").write_text(text, encoding="utf-8")
    ratios = [
        Ratio(
            "all questions: bytes, times the page's own data",
            1e6 * figures["questions"]["MB"] / len(str(data)),
            "> 100",
        )
    ]
    title = f"Review: {options.questions:,} questions about {options.images:,} images, {options.categories} categories"
    report(title, figures, ratios, options)


if __name__ == "__main__":
    main()
