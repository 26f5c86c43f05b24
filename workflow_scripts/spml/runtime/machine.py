"""The machine that a job runs on."""

import platform
from pathlib import Path


def processor() -> str:
    """Return the name that the processor reports; it goes to logs and records, never into results."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
