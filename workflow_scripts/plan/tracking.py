"""The dependencies of a rule beside settings and artifacts: its code, and user files that are too many to be inputs."""

import ast
import functools
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[1]
UNTRACKED = SCRIPTS / "spml" / "runtime"  # logs, errors, atomic writes: no data comes from there


@functools.cache
def _imports(path: Path) -> frozenset[Path]:
    """Return the local modules that a file imports, with the __init__.py of every package on the way that is not empty."""
    package = path.parent.relative_to(SCRIPTS).parts
    candidates = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base += tuple(node.module.split(".")) if node.module else ()
            names = [(*base, alias.name) for alias in node.names]
        else:
            continue
        for name in names:
            for depth in range(1, len(name) + 1):
                stem = SCRIPTS.joinpath(*name[:depth])
                candidates |= {stem.with_suffix(".py"), stem / "__init__.py"}
    return frozenset(
        file for file in candidates if file.is_file() and file.stat().st_size and UNTRACKED not in file.parents
    )


@functools.cache
def code(rule: str, *modules: str) -> list[str]:
    """Return the script of a rule and all local modules that it imports, sorted, from the working directory.

    ``modules`` are names of modules that the script imports by name at run time (``spml.data.voc``). An edit of any of
    these files runs the rule again; ``spml.runtime`` is left out, since no result depends on it.
    """
    paths: set[Path] = set()
    pending = [SCRIPTS / f"{rule}.py", *(SCRIPTS.joinpath(*name.split(".")).with_suffix(".py") for name in modules)]
    while pending:
        path = pending.pop()
        if path not in paths:
            paths.add(path)
            pending.extend(_imports(path))
    return sorted(os.path.relpath(path) for path in paths)


def templates(*names: str) -> list[str]:
    """Return templates of pages, with the style sheets and scripts that they include; they are code that is not Python."""
    return [os.path.relpath(SCRIPTS / "spml" / "reporting" / "templates" / name) for name in names]


def is_code(path: str) -> bool:
    """Return whether ``code`` or ``templates`` returned a path."""
    return path.startswith(f"{os.path.relpath(SCRIPTS)}{os.sep}")


def project_file(name: str) -> str:
    """Return a file of the project, from the working directory."""
    return os.path.relpath(SCRIPTS.parent / name)


def files_in(folder: str) -> Iterator[str]:
    """Yield all files in a folder and its folders, in order."""
    yield from sorted(os.path.join(root, name) for root, _, names in os.walk(folder) for name in names)


def fingerprint(paths: Iterable[str]) -> str:
    """Return a checksum of the names, sizes and times of these files; missing files are left out."""
    checksum = hashlib.sha256()
    for path in paths:
        if os.path.isfile(path):
            status = os.stat(path)
            checksum.update(f"{path!r} {status.st_size} {status.st_mtime_ns}\n".encode())
    return checksum.hexdigest()


def pictures_in(path: str) -> Iterable[str]:
    """Return the paths of pictures: of the files in a folder, or of those that a list names, from where it lies."""
    if not os.path.isfile(path):
        return files_in(path)
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        return [os.path.join(os.path.dirname(path), line.strip()) for line in file]


def fingerprint_of_sizes(paths: Iterable[str]) -> str:
    """Return a checksum of the names and sizes of files, not of their times: a copy that is as good runs nothing again."""
    checksum = hashlib.sha256()
    for path in paths:
        size = os.path.getsize(path) if os.path.isfile(path) else None
        checksum.update(f"{path!r} {size}\n".encode())
    return checksum.hexdigest()
