"""Small pictures for pages: bounded in pixels and in bytes, in files of a hundred that a page loads when it needs them."""

import base64
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence

from spml.features import images
from spml.runtime.files import writing
from spml.runtime.log import Progress

SIDE = 160  # pixels of the longer side, at most
MOST = 8192  # bytes, unless the lowest quality takes more
QUALITIES = (75, 50, 30, 15)  # of WebP, the first that fits in MOST
BLOCK = 100  # thumbnails in a file


def thumbnail(path: str) -> bytes:
    """A picture as WebP, upright, its longer side ``SIDE`` pixels or less; errors as ``images.opened``."""
    with images.opened(path) as picture:
        picture.draft("RGB", (2 * SIDE, 2 * SIDE))  # a JPEG is decoded at a fraction of its size
        small = images.upright(picture)
        small.thumbnail((SIDE, SIDE))
        for quality in QUALITIES:
            buffer = io.BytesIO()
            small.save(buffer, "WEBP", quality=quality, method=2)  # little larger, much faster
            if buffer.tell() <= MOST:
                break
        return buffer.getvalue()


def write_blocks(
    folder: str | os.PathLike, paths: Sequence[str], run: Callable[..., Iterable[bytes]] = map
) -> Iterator[int]:
    """Write the thumbnails of these pictures to ``folder``, a script of a block each; yields the bytes of each file.

    ``run`` maps ``thumbnail`` over the pictures of a block, in order (a pool's map, say). A script and not JSON, because a
    page that is opened from disk may load scripts only.
    """
    progress = Progress("thumbnails", len(paths), "images")
    for block, start in enumerate(range(0, len(paths), BLOCK)):
        encoded = [base64.b64encode(data).decode() for data in run(thumbnail, paths[start : start + BLOCK])]
        text = f"thumbnails({block}, {json.dumps(encoded)});\n"
        with writing(os.path.join(folder, f"{block:05}.js")) as part:
            part.write_text(text, encoding="ascii")
        progress.advance(len(encoded))
        yield len(text)
    progress.finish()
