"""The report of a data set: one page with its figures, tables, costs and provenance, for screen and print."""

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from spml.evaluation import results
from spml.evaluation.label_quality import confusion_text, most_confused
from spml.evaluation.metrics import METRICS
from spml.reporting import html, numbers
from spml.reporting.verdict import UNTESTED

SHORT = 800  # characters of a verdict that the terminal shows whole
SPLITS = {"train": "training", "val": "validation", "test": "test"}  # to their names in a sentence


@dataclass
class Figure:
    """A figure of figures/, as SVG, and what it shows."""

    svg: bytes
    alt: str
    caption: str
    kind: str = field(default="figure", init=False)

    @property
    def base64(self) -> str:
        """The SVG for a data address: inline, the ids of several SVGs would clash."""
        return base64.b64encode(self.svg).decode()


@dataclass
class Table:
    """A table of text cells. Columns in ``text`` align to the left, others to the right; ``total``: the last row is a sum."""

    frame: pd.DataFrame
    caption: str
    text: Sequence[str]
    total: bool = False
    kind: str = field(default="table", init=False)

    @property
    def rows(self) -> Iterator[list[tuple[str, object]]]:
        """The rows, as pairs of column and cell."""
        return (list(zip(map(str, self.frame), row, strict=True)) for row in self.frame.itertuples(index=False))


@dataclass
class Samples:
    """A few pictures with their labels (spml.review.samples)."""

    samples: Sequence[Any]
    caption: str
    kind: str = field(default="samples", init=False)


@dataclass
class Section:
    """A heading, and the figures, tables and pictures below it."""

    title: str
    parts: Sequence[Figure | Table | Samples]


@dataclass
class Link:
    """A file beside the page; ``command`` makes it where no run of the pipeline does."""

    text: str
    address: str
    command: str = ""


def page(
    title: str, verdict: Sequence[str], about: Sequence[str], sections: Sequence[Section], links: Sequence[Link]
) -> str:
    """Return the page as HTML; addresses are relative to it. Sections without a part are left out."""
    shown = [section for section in sections if section.parts]
    return html.render("report.html", title=title, verdict=verdict, about=about, sections=shown, links=links)


def filled(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table without the columns in which no row has anything to say."""
    return frame.loc[:, [not frame[name].isin(("", numbers.MISSING)).all() for name in frame]]


def methods(comparison: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """Return every method: mAP in percent and difference, their 95 % intervals and std over replicates, the best first."""
    swept = comparison["variant"].str.startswith("tau_")
    ends = ["difference", "difference_low", "difference_high"]
    other = comparison[ends].ne(0).any(axis=1)  # the reference is not compared with itself
    comparison = comparison.assign(**{name: comparison[name].where(other) for name in [*ends, "difference_std"]})
    return pd.DataFrame(
        {
            "method": results.method_labels(comparison, labels),
            "chosen τ": ["yes" if chosen else "" for chosen in comparison["chosen"] & swept],
            "validation mAP": _columns(numbers.mean_std, comparison, "val_map", "val_map_std"),
            "test mAP": _columns(numbers.mean_std, comparison, "test_map", "test_map_std"),
            "test mAP, interval": _columns(numbers.interval, comparison, "test_map_low", "test_map_high"),
            f"difference to {results.reference_label(comparison, labels)}": _columns(
                numbers.number, comparison, "difference", form="+.2f"
            ),
            "its interval": _columns(numbers.interval, comparison, "difference_low", "difference_high", form="+.2f"),
            "its std": _columns(numbers.number, comparison, "difference_std"),
        }
    )


def _columns(text: Any, table: pd.DataFrame, *names: str, form: str = ".2f") -> list[str]:
    """Return the text of each row that ``text`` makes of the named columns."""
    return [text(*row, form) for row in zip(*(table[name] for name in names), strict=True)]


def metrics(table: pd.DataFrame, comparison: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """Return every metric of the chosen methods, mean ± std over replicates, on validation where no test label is known.

    ``table`` is tables/map.csv, ``comparison`` tables/comparison.csv.
    """
    split = "test" if results.is_tested(table) else "val"
    chosen = comparison[comparison["chosen"]]
    columns: dict[str, list[str]] = {"method": results.method_labels(chosen, labels)}
    methods = list(chosen[results.METHOD].itertuples(index=False, name=None))
    for metric in METRICS:
        values = results.mean_std(table, results.METHOD, f"{split}_{metric.key}").loc[methods]
        title = f"{metric.title} (%)" if metric.percent else metric.title
        columns[title] = _columns(numbers.mean_std, values, "mean", "std", form=".1f" if metric.percent else ".3f")
    return pd.DataFrame(columns)


def label_counts(counts: pd.DataFrame, labels: Mapping[str, str], chosen: tuple[str, str]) -> pd.DataFrame:
    """Return each set of pseudo-labels, mean over replicates; precision and recall in percent, the rest per image or images.

    ``chosen`` are name and variant of the set that the students of the figures learn from.
    """
    mean = counts.groupby(["pseudo_labels", "variant"], sort=False).mean(numeric_only=True).reset_index()
    keys = list(zip(mean["pseudo_labels"], mean["variant"], strict=True))
    return pd.DataFrame(
        {
            "pseudo-labels": [results.pseudo_labels_label(*key, labels) for key in keys],
            "chosen τ": ["yes" if key == chosen and key[1].startswith("tau_") else "" for key in keys],
            "positives per image": _columns(numbers.number, mean, "positives_per_image", form=".3f"),
            "true per image": _columns(
                numbers.number,
                mean.assign(true=mean["true_positives_per_image"].where(mean["known_share"] > 0)),
                "true",
                form=".3f",
            ),
            "precision": mean["precision"].map(numbers.percent),
            "recall": mean["recall"].map(numbers.percent),
            "precision, unobserved": mean["precision_unobserved"].map(numbers.percent),
            "recall, unobserved": mean["recall_unobserved"].map(numbers.percent),
            "added": _columns(numbers.number, mean, "added_labels", form=",.0f"),
            "observed lost": _columns(numbers.number, mean, "observed_positives_lost", form=",.0f"),
            "empty images": _columns(numbers.number, mean, "empty_images", form=",.0f"),
        }
    )


def categories(label_quality: pd.DataFrame, confusions: pd.DataFrame, pseudo_labels: str, variant: str) -> pd.DataFrame:
    """Return each category of one set of pseudo-labels, mean over replicates, the most frequent first."""
    rows = label_quality[(label_quality["pseudo_labels"] == pseudo_labels) & (label_quality["variant"] == variant)]
    mean = rows.groupby("category", sort=False).mean(numeric_only=True)
    mean = mean.sort_values("true", ascending=False, kind="stable")
    most = most_confused(confusions[confusions["pseudo_labels"] == pseudo_labels], variant)
    return pd.DataFrame(
        {
            "category": mean.index,
            "true": _columns(
                numbers.number, mean.assign(true=mean["true"].where(mean["known"] > 0)), "true", form=",.0f"
            ),
            "observed": _columns(numbers.number, mean, "observed", form=",.1f"),
            "pseudo": _columns(numbers.number, mean, "pseudo", form=",.1f"),
            "precision": mean["precision"].map(numbers.percent),
            "recall": mean["recall"].map(numbers.percent),
            "most often instead (images)": [confusion_text(most, category) for category in mean.index],
        }
    )


def costs(benchmarks: Mapping[str, Sequence[Path]]) -> pd.DataFrame:
    """Return, by rule, the number of its jobs, their total and longest time, and their largest memory, from benchmark files."""
    rows = []
    for rule, files in sorted(benchmarks.items()):
        jobs = pd.concat([pd.read_csv(file, sep="\t", na_values=["-", "NA"]) for file in files])
        rows.append((rule, len(jobs), jobs["s"].sum(), jobs["s"].max(), jobs["max_rss"].max()))
    table = pd.DataFrame(rows, columns=["rule", "jobs", "in all", "longest", "memory"])
    table = table.sort_values("in all", ascending=False, kind="stable")
    total = pd.DataFrame(
        [("all", table["jobs"].sum(), table["in all"].sum(), table["longest"].max(), table["memory"].max())]
    )
    table = pd.concat([table, total.set_axis(table.columns, axis=1)])
    return pd.DataFrame(
        {
            "rule": table["rule"],
            "jobs": table["jobs"].map("{:,}".format),
            "time in all": table["in all"].map(numbers.duration),
            "longest job": table["longest"].map(numbers.duration),
            "most memory (MB)": _columns(
                numbers.number, table.assign(memory=table["memory"].where(table["memory"] >= 1)), "memory", form=",.0f"
            ),
        }
    )


def provenance(record: Mapping[str, Any]) -> pd.DataFrame:
    """Return the record of a run in a few lines; provenance.html has all."""
    code, machine = record["code"], record["machine"]
    changed = f", {len(code['changed_files'])} files changed since" if code["changed_files"] else ""
    memory = f"{machine['cores']} cores, {machine['memory_gb']} GB of memory"
    facts = {
        "written": record["written"],
        "commit": f"{code['commit'] or 'unknown: no checkout of git'}{changed}",
        "machine": "; ".join([machine["processor"], memory, *machine["gpus"], machine["system"]]),
        "versions": ", ".join(f"{name} {version}" for name, version in record["versions"].items()),
    }
    for entry in record["features"]:
        if entry["backbone"] == "file":
            facts[f"features {Path(entry['path']).name}"] = (
                f"{entry['images']:,} images, {entry['precision']} of a file, stored as {entry['storage']}, sha256 of its "
                f"checksums {entry['weights_sha256'][:16]}…"
            )
            continue
        facts[f"features {Path(entry['path']).name}"] = (
            f"{entry['images']:,} images, {entry['backbone']} at {json.loads(entry['preprocessing'])['size']} pixels in {entry['precision']}, weights "
            f"sha256 {entry['weights_sha256'][:16]}…"
        )
    for entry in record["inputs"]:
        facts[entry["path"]] = f"{entry['bytes']:,} bytes, sha256 {entry['sha256'][:16]}…"
    return pd.DataFrame({"what": facts.keys(), "is": facts.values()})


def short(verdict: Sequence[str]) -> Sequence[str]:
    """Return the verdict as the terminal shows it: whole, or where it is long its first sentence, and that nothing is tested."""
    if sum(map(len, verdict)) <= SHORT:
        return verdict
    return [*verdict[:1], *(sentence for sentence in verdict[1:] if sentence.startswith(UNTESTED))]


def terminal_summary(title: str, models: pd.DataFrame, labels: Mapping[str, str]) -> str:
    """Return the mAP of every method as lines of text, teachers first; ``models`` are the rows of ``results.read_map``."""
    methods = results.methods(models).reset_index().sort_values("kind", ascending=False, kind="stable")
    rows = [("model", "validation", "test", "replicates")]
    for row, name in zip(methods.to_dict("records"), results.method_labels(methods, labels), strict=True):
        means = [numbers.mean_std(row[f"{split}_map"], row[f"{split}_map_std"]) for split in ("val", "test")]
        val, test = ("not measured" if mean == numbers.MISSING else mean for mean in means)
        rows.append((name, val, test, str(row["replicates"])))
    width = max(len(row[0]) for row in rows) + 2
    return "\n".join(
        [
            f"Data set {title}: {models['scale'].iloc[0]}, mean ± standard deviation over replicates; "
            f"{results.selection(models['select_on'].iloc[0])}",
            *(f"{name:<{width}}{val:>16}{test:>16}{replicates:>12}" for name, val, test, replicates in rows),
        ]
    )


def edges(models: pd.DataFrame) -> list[str]:
    """Return a sentence on the models whose choice is at an edge of what was tried, if any; ``models`` is tables/map.csv."""
    chosen = models["edges"].str.split("; ").explode()
    counts = chosen[chosen != ""].value_counts(sort=False)
    if not len(counts):
        return []
    named = ", ".join(f"{edge} {count:,}" for edge, count in sorted(counts.items()))
    return [
        f"{(models['edges'] != '').sum():,} of {len(models):,} models were chosen at an edge of what was tried ({named}; "
        "tables/map.csv names them): a better choice may lie beyond."
    ]


def summary(record: Mapping[str, Any], images: Mapping[str, int], categories: int, draws: bool) -> str:
    """Return the summary of the data and the training, in words.

    ``images`` are numbers by split; ``draws``: whether replicates draw their observed labels.
    """
    config = record["config"]
    entries = config["backbones"]
    networks = [
        f"{entry['model']}{f' at {size} pixels' if (size := entry.get('image_size')) else ''} ({entry['library']})"
        for entry in entries.values()
        if entry["library"] != "file"
    ]
    files = [name for name, entry in entries.items() if entry["library"] == "file"]
    features = [f"Features of a frozen {', '.join(networks)}."] * bool(networks)
    features += [f"Features of files: {', '.join(files)}."] * bool(files)
    parts = [f"{images[split]:,} {name}" for split, name in SPLITS.items() if images[split]]
    listed = " and ".join([", ".join(parts[:-1]), parts[-1]])
    replicates = "1 replicate (seed" if len(config["seeds"]) == 1 else f"{len(config['seeds'])} replicates (seeds"
    return (
        f"{listed} images of {categories:,} categories; "
        f"{replicates} {', '.join(map(str, config['seeds']))}): each "
        f"{'draws its observed labels and trains' if draws else 'trains'} anew. {' '.join(features)}"
    )
