"""The report of a data set: one page with its figures, tables, costs and provenance, for a screen and for paper."""

import base64
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from spml.evaluation import results

UNKNOWN = "–"  # in the place of a number that cannot be told


@dataclass
class Figure:
    """A figure of figures/, as SVG, and what it shows."""

    svg: bytes
    alt: str
    caption: str

    def html(self) -> str:
        source = base64.b64encode(self.svg).decode()  # a picture of its own: ids of several SVGs would meet
        return (
            f'<figure><img alt="{_escaped(self.alt)}" src="data:image/svg+xml;base64,{source}">'
            f"<figcaption>{_escaped(self.caption)}</figcaption></figure>"
        )


def methods(comparison: pd.DataFrame) -> pd.DataFrame:
    """Every method in words and numbers, the best first: mAP in percent, deviations over replicates, 95 % intervals."""
    return pd.DataFrame(
        {
            "method": [results.name_of(*of) for of in comparison[results.METHOD].itertuples(index=False)],
            "chosen": ["yes" if chosen else "" for chosen in comparison["chosen"]],
            "replicates": comparison["replicates"].map(str),
            "validation mAP": _spread(comparison, "val_map"),
            "test mAP": _spread(comparison, "test_map"),
            "test mAP, interval": _interval(comparison, "test_map"),
            f"difference to {comparison['reference'].iloc[0]}": [
                _number(value, "+.2f") for value in comparison["difference"]
            ],
            "its interval": _interval(comparison, "difference", "+.2f"),
        }
    )


def _spread(table: pd.DataFrame, name: str) -> list[str]:
    pairs = zip(table[name], table[f"{name}_std"], strict=True)
    return [_number(mean) if pd.isna(deviation) else f"{mean:.2f} ± {deviation:.2f}" for mean, deviation in pairs]


def _interval(table: pd.DataFrame, name: str, form: str = ".2f") -> list[str]:
    return [
        UNKNOWN if pd.isna(low) else f"{low:{form}} to {high:{form}}"
        for low, high in zip(table[f"{name}_low"], table[f"{name}_high"], strict=True)
    ]


def label_counts(counts: pd.DataFrame) -> pd.DataFrame:
    """Each set of pseudo-labels, mean over its replicates; precision and recall in percent, the rest per image or images."""
    mean = counts.groupby(["pseudo_labels", "variant"], sort=False).mean(numeric_only=True).reset_index()
    return pd.DataFrame(
        {
            "pseudo-labels": [
                results.name_of("students", *of) for of in mean[["pseudo_labels", "variant"]].itertuples(index=False)
            ],
            "positives per image": mean["positives_per_image"].map("{:.3f}".format),
            "true per image": [_number(count, ".3f") for count in mean["true_positives_per_image"]],
            "precision": mean["precision"].map(_percent),
            "recall": mean["recall"].map(_percent),
            "precision, unobserved": mean["precision_unobserved"].map(_percent),
            "recall, unobserved": mean["recall_unobserved"].map(_percent),
            "observed lost": mean["observed_positives_lost"].map("{:,.1f}".format),
            "empty images": mean["empty_images"].map("{:,.1f}".format),
        }
    )


def categories(audit: pd.DataFrame, pseudo_labels: str, variant: str) -> pd.DataFrame:
    """Each category of one set of pseudo-labels, mean over its replicates, the most frequent first."""
    rows = audit[(audit["pseudo_labels"] == pseudo_labels) & (audit["variant"] == variant)]
    mean = rows.groupby("category", sort=False).mean(numeric_only=True)
    mean = mean.sort_values("true", ascending=False, kind="stable")
    first = rows[rows["seed"] == rows["seed"].min()].set_index("category")["confused_with"]
    return pd.DataFrame(
        {
            "category": mean.index,
            "true": [
                f"{true:,.0f}" if known else UNKNOWN for known, true in zip(mean["known"], mean["true"], strict=True)
            ],
            "observed": mean["observed"].map("{:,.1f}".format),
            "pseudo": mean["pseudo"].map("{:,.1f}".format),
            "precision": mean["precision"].map(_percent),
            "recall": mean["recall"].map(_percent),
            "most often instead": first.reindex(mean.index).fillna("").to_list(),
        }
    )


def _number(value: float, form: str = ".2f") -> str:
    return UNKNOWN if pd.isna(value) else f"{value:{form}}"


def _percent(share: float) -> str:
    return _number(100 * share, ".1f")


def costs(benchmarks: Mapping[str, Sequence[Path]]) -> pd.DataFrame:
    """Per rule, from the benchmark files of its jobs: how many, time in all and of the longest, the most memory of a job."""
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
            "time in all": table["in all"].map(_time),
            "longest job": table["longest"].map(_time),
            "most memory (MB)": [UNKNOWN if pd.isna(mb) or mb < 1 else f"{mb:,.0f}" for mb in table["memory"]],
        }
    )


def _time(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def provenance(record: Mapping[str, Any]) -> pd.DataFrame:
    """The record of a run in a few lines; provenance.html has all."""
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
        facts[f"features {Path(entry['path']).name}"] = (
            f"{entry['images']:,} images, {entry['backbone']} at {entry['image_size']} pixels in {entry['precision']}, weights "
            f"sha256 {entry['weights_sha256'][:16]}…"
        )
    for entry in record["inputs"]:
        facts[entry["path"]] = f"{entry['bytes']:,} bytes, sha256 {entry['sha256'][:16]}…"
    return pd.DataFrame({"what": facts.keys(), "is": facts.values()})


def summary(
    record: Mapping[str, Any], comparison: pd.DataFrame, images: Mapping[str, int], categories: int
) -> list[str]:
    """What was done and what came out, a sentence or two each."""
    config = record["config"]
    seen = ", ".join(
        f"{entry['architecture']} at {entry['image_size']} pixels" for entry in config["backbones"].values()
    )
    students = comparison[(comparison["kind"] == "students") & comparison["chosen"]]
    reference = comparison["reference"].iloc[0]
    text = [
        f"{images['train']:,} training, {images['val']:,} validation and {images['test']:,} test images of {categories:,} categories; "
        f"{len(config['seeds'])} replicates (seeds {', '.join(map(str, config['seeds']))}): each draws its observed labels, unless they "
        f"are given, and trains anew. Features of a frozen {seen}.",
    ]
    for row in students.to_dict("records"):
        name = results.name_of(*(str(row[key]) for key in results.METHOD))
        if pd.isna(row["test_map"]):
            text.append(
                f"{name}, of its variants the one that validation chose: validation mAP {row['val_map']:.2f} %. No true label of a test "
                "image is known: nothing is said of the test split."
            )
            continue
        text.append(
            f"{name}, of its variants the one that validation chose: test mAP {row['test_map']:.2f} %, {row['difference']:+.2f} points to "
            f"{reference} (95 % interval {row['difference_low']:+.2f} to {row['difference_high']:+.2f})."
        )
    return text


def table(frame: pd.DataFrame, caption: str, text: Sequence[str], total: bool = False) -> str:
    """A table as HTML: a caption, headings, the columns named in ``text`` to the left; with a last row that sums up, or not."""
    kinds = [' class="text"' if name in text else "" for name in frame]
    head = "".join(f'<th scope="col"{kind}>{_escaped(name)}</th>' for name, kind in zip(frame, kinds, strict=True))
    rows = []
    for number, row in enumerate(frame.itertuples(index=False), 1):
        last = total and number == len(frame)
        classes = [" ".join(["text"] * (name in text) + ["sum"] * last) for name in frame]
        cells = (
            f'<td class="{kind}">{_escaped(cell)}</td>' if kind else f"<td>{_escaped(cell)}</td>"
            for kind, cell in zip(classes, row, strict=True)
        )
        rows.append(f"<tr>{''.join(cells)}</tr>")
    return (
        f'<div class="scroll"><table><caption>{_escaped(caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def page(css: str, title: str, about: Sequence[str], sections: Mapping[str, str], links: Mapping[str, str]) -> str:
    """The page; ``sections`` are headings to HTML, ``links`` texts to addresses from where it lies."""
    places = {name: f"section-{number}" for number, name in enumerate(sections, 1)}
    contents = "".join(f'<li><a href="#{place}">{_escaped(name)}</a></li>' for name, place in places.items())
    beside = "".join(f'<li><a href="{_escaped(to)}">{_escaped(text)}</a></li>' for text, to in links.items())
    body = "".join(
        f'<section><h2 id="{places[name]}">{_escaped(name)}</h2>{text}</section>' for name, text in sections.items()
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
        f"<title>{_escaped(title)}</title><style>\n{css}</style></head><body><header><h1>{_escaped(title)}</h1>"
        + "".join(f"<p>{_escaped(text)}</p>" for text in about)
        + f'</header><nav aria-label="Contents"><ul>{contents}</ul></nav>'
        + (f'<nav aria-label="Beside this page"><ul>{beside}</ul></nav>' if links else "")
        + f"<main>{body}</main></body></html>\n"
    )


def _escaped(value: object) -> str:
    return html.escape(str(value))
