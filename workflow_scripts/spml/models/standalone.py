"""A module of this library as one file that needs nothing else of it: what it imports from here is copied in.

The copy is made from the source when it is written, so that the two cannot drift apart.
"""

import ast
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = "spml"


@dataclass
class _Module:
    """A module of the library: its source, and which of its statements are copied."""

    name: str
    lines: list[str]
    statements: list[ast.stmt]
    copied: set[int] = field(default_factory=set)  # indices of statements
    namespaces: dict[str, set[str]] = field(default_factory=dict)  # modules that it names, each with what it uses of it

    def text(self, index: int) -> str:
        """Return a statement as it is written, decorators and comments at the end of its lines included."""
        node = self.statements[index]
        first = min([node.lineno, *(entry.lineno for entry in getattr(node, "decorator_list", []))])
        return "\n".join(self.lines[first - 1 : node.end_lineno])


def source(name: str) -> str:
    """Return the source of a module, with all that it uses of other modules of the library before it.

    Functions, classes and constants that nothing uses are left out, statements with an effect are not.

    Raises
    ------
    ValueError
        Where two modules have different things of one name, or one imports in a way that cannot be copied.
    """
    modules: dict[str, _Module] = {}  # in the order in which they must stand
    imports: set[str] = set()
    main = _load(name)
    for index in range(len(main.statements)):
        _copy(main, index, modules, imports)
    modules[name] = main
    defined: dict[str, str] = {}
    parts = [
        f'"""{ast.get_docstring(ast.parse(chr(10).join(main.lines)), clean=False)}"""\n',
        "\n".join(sorted(imports)),
    ]
    for module in modules.values():
        for index in sorted(module.copied):
            for symbol in _defined(module.statements[index]):
                if defined.setdefault(symbol, module.name) != module.name:
                    raise ValueError(f"{symbol}: both {defined[symbol]} and {module.name} have one")
        texts = [module.text(index) for index in sorted(module.copied)]
        texts[:0] = [
            f"{alias} = types.SimpleNamespace({', '.join(f'{symbol}={symbol}' for symbol in sorted(symbols))})"
            for alias, symbols in sorted(module.namespaces.items())
        ]
        if texts:
            parts.append(f"\n# {module.name}\n" + "\n\n".join(texts))
    return "\n".join(parts) + "\n"


def _load(name: str) -> _Module:
    """Return a module without its docstring, read but not run."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ValueError(f"{name}: no such module")
    text = Path(spec.origin).read_text(encoding="utf-8")
    tree = ast.parse(text)
    body = tree.body[1:] if ast.get_docstring(tree) is not None else tree.body
    return _Module(name, text.splitlines(), body)


def _defined(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement of a module defines, imports left out."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def _copy(module: _Module, index: int, modules: dict[str, _Module], imports: set[str]) -> None:
    """Mark a statement to be copied, with all that it uses, in its module and in others."""
    statement = module.statements[index]
    if index in module.copied or isinstance(statement, ast.Import | ast.ImportFrom):
        return
    module.copied.add(index)
    attributes: dict[str, set[str]] = {}
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            attributes.setdefault(node.value.id, set()).add(node.attr)
    for symbol in sorted({node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}):
        _resolve(module, symbol, attributes.get(symbol, set()), modules, imports)


def _resolve(
    module: _Module, symbol: str, attributes: set[str], modules: dict[str, _Module], imports: set[str]
) -> None:
    """Copy what defines a name that a module uses, or note its import; builtin and local names have neither."""
    for index, statement in enumerate(module.statements):
        if symbol in _defined(statement):
            _copy(module, index, modules, imports)
        if not isinstance(statement, ast.Import | ast.ImportFrom):
            continue
        for alias in statement.names:
            if (alias.asname or alias.name.partition(".")[0]) != symbol:
                continue
            origin = statement.module if isinstance(statement, ast.ImportFrom) else alias.name
            if (origin or "").partition(".")[0] != PACKAGE:
                statement_of_one = type(statement)(**{**vars(statement), "names": [alias]})
                imports.add(ast.unparse(statement_of_one))
            elif not isinstance(statement, ast.ImportFrom) or alias.asname:
                raise ValueError(f"{module.name}: 'from {PACKAGE}.x import name' alone can be copied")
            elif importlib.util.find_spec(origin).submodule_search_locations is not None:  # type: ignore[union-attr, arg-type]
                imports.add("import types")
                module.namespaces.setdefault(symbol, set()).update(attributes)
                for attribute in sorted(attributes):
                    _take(f"{origin}.{alias.name}", attribute, modules, imports)
            else:
                _take(str(origin), symbol, modules, imports)


def _take(name: str, symbol: str, modules: dict[str, _Module], imports: set[str]) -> None:
    """Copy what another module defines by a name, and its statements that have an effect."""
    known = name in modules
    other = modules[name] if known else _load(name)
    for index, statement in enumerate(other.statements):
        definition = isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign)
        if symbol in _defined(statement) or not (known or definition):
            _copy(other, index, modules, imports)
    modules.setdefault(name, other)  # after those that it uses
