"""Which files of a folder or tar their names rule out: those that people do not see, and those that no table can hold."""

from spml.artifacts import left_out

SYSTEM = frozenset(("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "$recycle.bin"))


def hidden(name: str) -> str:
    """Return the reason to leave out a file or folder that people do not see; partial copies have such names, too."""
    return left_out.HIDDEN if name.startswith(".") or name.lower() in SYSTEM else ""


def hidden_path(name: str) -> str:
    """Return the reason to leave out a file by its path, where it or a folder on the way is hidden."""
    return next(filter(None, map(hidden, name.split("/"))), "")


def unfit(name: str) -> str:
    """Return the reason to leave out a file whose path no table can hold."""
    return "" if name.isprintable() and name == name.strip() else left_out.NAME
