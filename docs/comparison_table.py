"""Print a tables/comparison.csv as Markdown: python docs/comparison_table.py results/demo/tables/comparison.csv"""

import csv
import sys


def main(path: str) -> None:
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    print(
        f"| method | validation mAP | test mAP | difference to {rows[0]['reference']} | 95 % interval | ± over replicates |"
    )
    print("|---|---:|---:|---:|---:|---:|")
    for row in rows:
        kind = " (student)" if row["kind"] == "students" else ""
        tau = row["variant"].replace("tau_", " τ ") if row["variant"].startswith("tau_") else ""
        scores = [
            f"{float(row[f'{split}_map']):.2f} ± {float(row[f'{split}_map_deviation']):.2f}"
            for split in ("val", "test")
        ]
        low, high, difference = (float(row[f"difference{end}"]) for end in ("_low", "_high", ""))
        mark = "**" if low > 0 and row["kind"] == "students" else ""
        print(
            f"| {row['name']}{tau}{kind} | {scores[0]} | {scores[1]} | {mark}{difference:+.2f}{mark} "
            f"| {low:+.2f} to {high:+.2f} | {float(row['difference_deviation']):.2f} |"
        )


if __name__ == "__main__":
    main(sys.argv[1])
