"""Who may import whom: a table of packages, and rules that hold for all modules of the library and the plan."""

import ast
import collections
import graphlib
import subprocess
import sys
import types
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest

from spml.runtime.errors import InputError

SCRIPTS = Path(__file__).parents[2] / "workflow_scripts"
BASE = {"artifacts", "runtime", "registry"}
ALLOWED = {  # package to the packages of spml that it may import; registry.py counts as one
    "runtime": set(),
    "registry": set(),
    "artifacts": {"runtime"},
    "data": BASE | {"features"},  # which files are pictures
    "labels": BASE | {"evaluation"},  # calibration of logits
    "features": BASE,
    "losses": BASE,
    "models": BASE | {"features"},  # a program for other tools holds backbone and head
    "evaluation": BASE,
    "training": BASE | {"evaluation", "losses", "models"},
    "finetuning": BASE | {"evaluation", "features", "losses", "models", "training"},
    "reporting": BASE | {"evaluation"},
    "review": BASE
    | {"data", "evaluation", "features", "labels", "models", "training"},  # opens pictures, reads tables, trains
}
PLAN_READS = (
    "registry",
    "runtime",
    "losses",
    "labels.pseudo_labels",
    "data.delimiters",
    "features.named",
    "finetuning.named",
    "review.exports",
    "review.queue",
)  # of spml, without a heavy import
HEAVY = {"numpy", "torch", "torchvision", "pandas", "h5py", "PIL", "pyarrow", "matplotlib", "pycocotools", "snakemake"}
RETURNED = {"machine.processor", "job.current"}  # the only data from runtime; it goes to logs and records
MAXIMUM = 300  # lines of a module


def modules(package: str) -> dict[str, Path]:
    """Return the modules of a package and its subpackages by name, a package under the name of its folder."""
    files = sorted((SCRIPTS / package).rglob("*.py"))
    names = (".".join(file.relative_to(SCRIPTS).with_suffix("").parts) for file in files)
    return {name.removesuffix(".__init__"): file for name, file in zip(names, files, strict=True)}


SPML, PLAN, SCREEN = modules("spml"), modules("plan"), modules("screen")
KNOWN = SPML | PLAN | SCREEN


def imports(file: Path, everywhere: bool = True) -> Iterator[str]:
    """Yield the modules that a file imports; ``everywhere``: in functions and for types as well."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree) if everywhere else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module and not node.level, f"{file}: wanted absolute imports"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in KNOWN else node.module


def package_of(name: str) -> str:
    """Return the package below spml of a module's name."""
    return name.split(".")[1]


@pytest.mark.parametrize("name", [name for name in SPML if name != "spml"])
def test_a_module_imports_only_what_its_package_may(name):
    package = package_of(name)
    for other in imports(SPML[name]):
        assert not other.startswith("plan"), f"{name} imports {other}"
        if other.startswith("spml.") and package_of(other) != package:
            assert package_of(other) in ALLOWED[package], f"{name} imports {other}"


def test_the_table_has_every_package_no_unused_link_and_no_circle():
    assert set(ALLOWED) == {package_of(name) for name in SPML if "." in name}
    list(graphlib.TopologicalSorter(ALLOWED).static_order())  # raises CycleError
    used = collections.defaultdict(set)
    for name in SPML:
        used[package_of(name) if "." in name else ""] |= {
            package_of(other) for other in imports(SPML[name]) if other.startswith("spml.")
        }
    for package, allowed in ALLOWED.items():
        assert allowed - BASE <= used[package], f"{package} does not import {allowed - BASE - used[package]}"


def test_there_is_no_circle_of_modules():
    graph = {name: set(imports(file)) & set(KNOWN) for name, file in KNOWN.items()}
    list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, which names the circle


@pytest.mark.parametrize("file", [file for file in KNOWN.values() if file.name == "__init__.py"])
def test_the_init_file_of_a_package_is_empty(file):
    assert not file.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", KNOWN)
def test_no_module_is_too_long(name):
    lines = len(KNOWN[name].read_text(encoding="utf-8").splitlines())
    assert lines <= MAXIMUM, f"{name} has {lines} lines, wanted at most {MAXIMUM}"


@pytest.mark.parametrize("name", SCREEN)
def test_the_screen_works_wherever_snakemake_does(name):
    for other in imports(SCREEN[name]):
        allowed = {*sys.stdlib_module_names, "screen", "snakemake_interface_logger_plugins"}
        assert other.split(".")[0] in allowed, f"{name} imports {other}"


RUNTIME = [name for name in SPML if name.startswith("spml.runtime.")]


@pytest.mark.parametrize("name", RUNTIME)
def test_the_runtime_imports_the_standard_library_alone(name):
    """When it is imported: lazy.py names NumPy and PyTorch for type checkers."""
    for other in imports(SPML[name], everywhere=False):
        assert other.split(".")[0] in sys.stdlib_module_names or other.startswith("spml.runtime."), other


def _returns(function: types.FunctionType) -> set[object]:
    """Return the alternatives of a function's return annotation; None where it has none and returns nothing."""
    annotation = typing.get_type_hints(function).get("return", type(None))
    return set(typing.get_args(annotation) if isinstance(annotation, types.UnionType) else (annotation,))


@pytest.mark.parametrize("name", RUNTIME)
def test_the_runtime_returns_no_data(name):
    """code() leaves it out, so that nothing runs again for an edit there: no result may depend on it."""
    if name == "spml.runtime.lazy":
        return  # it passes on libraries
    module = __import__(name, fromlist=["*"])
    source = ast.parse(SPML[name].read_text(encoding="utf-8"))
    for node in source.body:
        if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
            continue
        if f"{name.rpartition('.')[2]}.{node.name}" in RETURNED:
            continue
        function = getattr(module, node.name)
        if node.returns is None:
            assert not any(isinstance(inner, ast.Return) and inner.value for inner in ast.walk(node)), node.name
        assert _returns(function) <= {type(None), Iterator[Path], InputError}, f"{name}.{node.name}"


@pytest.mark.parametrize("name", PLAN)
def test_the_plan_imports_records_and_nothing_heavy(name):
    for other in imports(PLAN[name]):
        assert other.split(".")[0] not in HEAVY, f"{name} imports {other}"
        if other.startswith("spml."):
            below = other.removeprefix("spml.")
            assert any(below == allowed or below.startswith(f"{allowed}.") for allowed in PLAN_READS), (
                f"{name} imports {other}"
            )


def test_importing_the_plan_loads_nothing_heavy():
    if not PLAN:
        pytest.skip("no plan here")
    program = f"import sys, {', '.join(PLAN)}; print(*{HEAVY!r} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=SCRIPTS, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
