"""Write the table of docs/comparison.md from the results of docs/every_method.yaml on several data sets.

python docs/comparison.py demo=results/demo photographs=results/photographs
"""

import sys
from pathlib import Path

import pandas as pd
import yaml

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "comparison.md"
START, END = "<!-- table: made by docs/comparison.py -->\n", "<!-- end of table -->\n"
KEY = ["kind", "name", "variant"]


def entries() -> dict[str, dict[str, dict]]:
    """Return the teachers, pseudo-labels and students that config.yaml and docs/every_method.yaml name."""
    files = [yaml.safe_load((ROOT / path).read_text("utf-8")) for path in ("config.yaml", "docs/every_method.yaml")]
    kinds = ("teachers", "pseudo_labels", "students")
    return {kind: {name: entry for file in files for name, entry in file[kind].items()} for kind in kinds}


def described(kind: str, name: str, named: dict[str, dict[str, dict]]) -> str:
    """Return what a method is: its labels, its loss, and its head where that is not the default."""
    entry = named[kind][name]
    parts = []
    if kind == "students":
        labels = named["pseudo_labels"][entry["pseudo_labels"]]
        teacher = labels["teacher"] if isinstance(labels["teacher"], list) else [labels["teacher"]]
        kept = ", kept" if labels.get("keep_observed") else ""
        parts.append(f"`{labels['rule']}` of {', '.join(f'`{one}`' for one in teacher)}{kept}")
    if kind == "teachers" or entry["loss"] != "bce":
        parts.append(f"`{entry['loss']}`" + (", true labels" if entry.get("supervision") == "full" else ""))
    if "head" in entry:
        kernel = f", `{entry.get('kernel', 'rbf')}`" if entry["head"] == "ridge" else ""
        parts.append(f"head `{entry['head']}`{kernel}")
    return "; ".join(parts)


def cells(row: pd.Series) -> list[str]:
    """Return the cells of a method on one data set: validation and test mAP, and the difference to the reference."""
    scores = [f"{row[f'{split}_map']:.2f} ± {row[f'{split}_map_std']:.2f}" for split in ("val", "test")]
    if pd.isna(row["difference"]) or not row["difference_high"] > row["difference_low"]:  # of the reference to itself
        return [*scores, ""]
    gain = f"{row['difference']:+.2f}"
    shown = f"**{gain}**" if row["difference_low"] > 0 else gain
    interval = f"({row['difference_low']:+.2f} to {row['difference_high']:+.2f})"
    return [*scores, f"{shown} {interval} ± {row['difference_std']:.2f}".replace("-", "−")]


def table(folders: dict[str, Path]) -> str:
    """Return the table in Markdown, a row per method, in the order of test mAP on the first data set."""
    files = {
        name: pd.read_csv(folder / "tables" / "comparison.csv", dtype={"variant": str})
        .fillna({"variant": ""})
        .set_index(KEY)
        for name, folder in folders.items()
    }
    first = next(iter(files.values()))
    named = entries()
    head = ["method", "what it is"]
    head += [f"{name}: {title}" for name in files for title in ("validation mAP", "test mAP", "difference to `em`")]
    lines = [f"| {' | '.join(head)} |", "|---|---|" + "---:|" * (len(head) - 2)]
    for kind, name, variant in first.sort_values("test_map", ascending=False, kind="stable").index:
        tau = f" τ {variant.removeprefix('tau_')}" if variant.startswith("tau_") else ""
        row = [f"`{name}`{tau}", described(kind, name, named)]
        for file in files.values():
            row += cells(file.loc[(kind, name, variant)])
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    folders = {name: Path(folder) for name, _, folder in (argument.partition("=") for argument in sys.argv[1:])}
    before, rest = PAGE.read_text("utf-8").split(START)
    PAGE.write_text(before + START + "\n" + table(folders) + "\n" + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
