"""Print a tables/comparison.csv as Markdown: python docs/comparison_table.py results/demo/tables/comparison.csv"""

import csv
import sys

HEAD = "| method | validation mAP | test mAP | difference to {} | 95 % interval | ± over replicates |"


def score(mean: str, deviation: str) -> str:
    """A mean with its deviation, which one replicate does not have."""
    return f"{float(mean):.2f}" + (f" ± {float(deviation):.2f}" if deviation else "")


def main(path: str) -> None:
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    print(HEAD.format(rows[0]["reference"]))
    print("|---|---:|---:|---:|---:|---:|")
    for row in rows:
        name = row["name"] + row["variant"].replace("tau_", " τ ").removesuffix("all")
        kind = " (student)" if row["kind"] == "students" else ""
        low, high, difference = (float(row[f"difference{end}"]) for end in ("_low", "_high", ""))
        mark = "**" if low > 0 and kind else ""
        cells = [
            f"{name}{kind}",
            score(row["val_map"], row["val_map_std"]),
            score(row["test_map"], row["test_map_std"]),
            f"{mark}{difference:+.2f}{mark}",
            f"{low:+.2f} to {high:+.2f}",
            f"{float(row['difference_std']):.2f}" if row["difference_std"] else "",
        ]
        print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main(sys.argv[1])
