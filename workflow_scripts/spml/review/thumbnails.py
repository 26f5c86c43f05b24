"""Small pictures for pages: bounded in pixels and in bytes, in files of some, which a page loads on demand."""

import base64
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence

from spml.features import images
from spml.runtime.files import writing
from spml.runtime.log import Progress

SIDE = 224  # pixels of the longer side, at most
MOST = 12288  # bytes, unless the lowest quality needs more
QUALITIES = (75, 50, 30, 15)  # of WebP, the first that fits in MOST
BLOCK = 100  # thumbnails in a file of the gallery


def thumbnail(path: str, side: int = SIDE, most: int = MOST) -> bytes:
    """Return a picture as WebP, upright, its longer side ``side`` pixels or less; errors as ``images.opened``.

    It has the first of ``QUALITIES`` at which it needs ``most`` bytes or less, or else the last.
    """
    with images.opened(path) as picture:
        picture.draft("RGB", (2 * side, 2 * side))  # a JPEG is decoded at a fraction of its size
        small = images.upright(picture)
        small.thumbnail((side, side))
        for quality in QUALITIES:
            buffer = io.BytesIO()
            small.save(buffer, "WEBP", quality=quality, method=2)  # little larger, much faster
            if buffer.tell() <= most:
                break
        return buffer.getvalue()


def write_blocks(
    folder: str | os.PathLike,
    paths: Sequence[str],
    run: Callable[..., Iterable[bytes]] = map,
    make: Callable[[str], bytes] = thumbnail,
    block_size: int = BLOCK,
) -> Iterator[int]:
    """Write the thumbnails of these pictures to ``folder``, a script per block; yield the size of each file in bytes.

    ``run`` maps ``make`` over the pictures of a block, in order, as a pool's map does. The files are scripts, not JSON:
    a page that is opened from disk may load scripts only.
    """
    progress = Progress("thumbnails", len(paths), "images")
    for block, start in enumerate(range(0, len(paths), block_size)):
        encoded = [base64.b64encode(data).decode() for data in run(make, paths[start : start + block_size])]
        text = f"thumbnails({block}, {json.dumps(encoded)});\n"
        with writing(os.path.join(folder, f"{block:05}.js")) as part:
            part.write_text(text, encoding="ascii")
        progress.advance(len(encoded))
        yield len(text)
    progress.finish()
