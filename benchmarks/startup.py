"""Seconds per rule of the demo: what its imports take in a new process, and what a job takes in all.

    python benchmarks/startup.py [--json startup.json]

Jobs are those of the last run of the demo: results/demo/benchmarks and resources/demo/benchmarks must be there.
"""

import ast
import subprocess
import sys
from pathlib import Path

from common import ROOT, fastest, job_seconds, parser, report, seconds


def imports(script: Path) -> str:
    """The import statements of a script, as a program."""
    found = [
        node
        for node in ast.parse(script.read_text(encoding="utf-8")).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    return "\n".join(map(ast.unparse, found))


def jobs(rule: str) -> list[float]:
    """Seconds of each job of a rule."""
    found = []
    for folder in ("results/demo", "resources/demo", "resources"):
        place = ROOT / folder / "benchmarks"
        found += job_seconds([*place.glob(f"{rule}.tsv"), *place.glob(f"{rule}/**/*.tsv")])
    return found


def main() -> None:
    options = parser(__doc__).parse_args()
    figures = {}
    for script in sorted((ROOT / "workflow_scripts").glob("*.py")):
        taken = jobs(script.stem)
        if not taken:
            continue
        program = f"import sys; sys.path.insert(0, {str(ROOT / 'workflow_scripts')!r})\n{imports(script)}"
        command = [sys.executable, "-c", program]
        start = fastest(
            options.repeats, {"": lambda command=command: seconds(lambda: subprocess.run(command, check=True))}
        )
        mean = sum(taken) / len(taken)
        figures[script.stem] = {"jobs": len(taken), "imports, s": start[""], "a job, s": mean, "all, s": sum(taken)}
    every = {
        "jobs": sum(row["jobs"] for row in figures.values()),
        "all, s": sum(row["all, s"] for row in figures.values()),
    }
    report("The demo, by rule", figures | {"total": every}, [], options)


if __name__ == "__main__":
    main()
