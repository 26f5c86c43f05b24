"""JSON of long lists, as COCO's annotations: parsed a piece at a time, without the members that nobody reads.

Nearly all of such a file are outlines of objects, which take six times its size in memory. Brackets outside of strings
tell where the elements of a list end. orjson parses a piece of some elements at a time, the rest of the text is parsed
with ``[]`` in place of each piece: together they are the grammar of the whole.
"""

import json
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, BinaryIO

import numpy as np
import orjson

SIZE = 1 << 18  # bytes of a piece, about: what is parsed of it stays in the cache
QUOTE, BACKSLASH, COLON, LIST = b'"\\:['
CHANGE = np.zeros(256, np.int8)  # of the depth, by character
CHANGE[list(b"{[")], CHANGE[list(b"}]")] = 1, -1
STRUCTURE = CHANGE != 0
STRUCTURE[[QUOTE, BACKSLASH, COLON]] = True


def read(
    file: BinaryIO, without: Collection[str], object_pairs_hook: Callable[[list[tuple[str, Any]]], dict[str, Any]]
) -> dict[str, Any]:
    """Return the object in a JSON file, the elements of its lists without some members.

    Parameters
    ----------
    file : open at its begin
    without : the keys of the members to leave out
    object_pairs_hook : as of ``json.load``; it makes the top-level object

    Raises
    ------
    ValueError
        When it is no JSON in UTF-8 with an object at the top, or an object has a key twice; a caller that wants to know
        more asks ``json``.
    RecursionError
        When it is nested too deeply.
    """
    rest: list[bytes] = []
    pieces: list[list] = []
    for text, colons in _split(file):
        if colons is None:
            rest.append(text)
        else:
            rest.append(b"[]")
            pieces.append(_parsed(text, colons, without))
    document = json.loads(b"".join(rest).decode("utf-8"), object_pairs_hook=object_pairs_hook)
    if not isinstance(document, dict):
        raise ValueError("no object at the top")
    following = iter(pieces)  # in the order of the text
    for key, value in document.items():
        if isinstance(value, list):
            document[key] = [
                entry for part in value for entry in (next(following) if isinstance(part, list) else [part])
            ]
    return document


def _parsed(text: bytes, colons: int, without: Collection[str]) -> list:
    """Return the elements in a piece of a list; ``colons`` are those of the piece outside of strings, one for each member."""
    entries = orjson.loads(b"[%b]" % text)
    if _members(entries) != colons:
        raise ValueError("a key stands twice in one object")
    for entry in entries:
        if type(entry) is dict:
            for key in without:
                entry.pop(key, None)
    return entries


def _members(values: Iterable) -> int:
    """Return the number of members of all objects in these values; of lists only those that begin with an object are looked at.

    A count that is too low is no harm: ``json`` then reads the file.
    """
    count = 0
    for value in values:
        if type(value) is dict:
            count += len(value)
            for member in value.values():
                kind = type(member)
                if kind is dict:
                    count += _members((member,))
                elif kind is list and member and type(member[0]) is dict:
                    count += _members(member)
    return count


def _split(file: BinaryIO) -> Iterator[tuple[bytes, int | None]]:
    """Yield the text in order: pieces of lists with their number of colons, and all other text with None."""
    depth, is_inside, in_list = 0, False, False
    begun, colons_begun = b"", np.zeros(0, np.int64)  # an element whose end is yet to come, and where its colons are
    while chunk := _chunk(file, max(SIZE, len(begun))):
        at, kinds, is_inside = _outside_strings(chunk, is_inside)
        text, at = begun + chunk, at + len(begun)
        is_bracket = kinds != COLON
        colons = np.concatenate([colons_begun, at[~is_bracket]])
        at, kinds = at[is_bracket], kinds[is_bracket]
        change = CHANGE[kinds]
        depths = depth + np.cumsum(change, dtype=np.int64)
        depth = int(depths[-1]) if len(depths) else depth
        matters = np.flatnonzero(depths + (change < 0) <= 3)  # of a list, or an element of one, begin or end
        opened: int | None = 0 if begun else None  # where an element that has no end yet begins
        start: int | None = opened
        end: int | None = None  # elements from start to end are whole
        done = 0  # the text up to here is yielded
        for position, kind, level, opens in zip(
            *(values[matters].tolist() for values in (at, kinds, depths, change > 0)), strict=True
        ):
            if opens and level == 2:
                in_list = kind == LIST
            elif opens and level == 3 and in_list:
                opened = position
                start = position if start is None else start
            elif not opens and level == 2 and in_list:
                end, opened = position + 1, None
            elif not opens and level == 1:
                in_list = False
                if start is not None and end is not None:
                    yield from _piece(text, done, start, end, colons)
                    done = end
                start = end = None
        if start is not None and end is not None:
            yield from _piece(text, done, start, end, colons)
            done = end
        begun = text[opened:] if opened is not None else b""
        colons_begun = colons[colons >= opened] - opened if opened is not None else colons[:0]
        yield text[done : len(text) - len(begun)], None
    yield begun, None


def _piece(text: bytes, done: int, start: int, end: int, colons: np.ndarray) -> Iterator[tuple[bytes, int | None]]:
    """Yield the text before a piece, and the piece."""
    first, last = np.searchsorted(colons, [start, end])
    yield text[done:start], None
    yield text[start:end], int(last - first)


def _chunk(file: BinaryIO, size: int) -> bytes:
    """Return the next bytes of a file; they do not end between a backslash and what it escapes."""
    chunk = file.read(size)
    while chunk.endswith(b"\\") and (more := file.read(len(chunk))):
        chunk += more
    return chunk


def _outside_strings(chunk: bytes, is_inside: bool) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return the positions of brackets and colons outside of strings, int64 [n], these characters, uint8 [n], and the state.

    The state is whether the text begins, then ends, inside of a string.
    """
    codes = np.frombuffer(chunk, np.uint8)
    at = np.flatnonzero(STRUCTURE[codes])
    kinds = codes[at]
    if len(slashes := at[kinds == BACKSLASH]):
        last = np.flatnonzero(np.diff(slashes, append=-1) != 1)  # of each run
        is_odd = np.diff(last, prepend=-1) % 2 == 1
        kept = (kinds != BACKSLASH) & ~np.isin(at, slashes[last[is_odd]] + 1)
        at, kinds = at[kept], kinds[kept]
    is_quote = kinds == QUOTE
    is_odd = (np.cumsum(is_quote) + is_inside) % 2 == 1
    outside = ~is_odd & ~is_quote
    return at[outside], kinds[outside], bool(is_odd[-1]) if len(is_odd) else is_inside
