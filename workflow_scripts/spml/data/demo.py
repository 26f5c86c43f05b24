"""The drawn pictures of the demo.

A category is a shape with a favoured hue; size and rotation are independent of it. A scene holds several shapes of a
theme, some categories are far rarer than others, and shapes and clutter cover one another.
"""

import colorsys
import math

import numpy as np
from PIL import Image, ImageDraw

Point = tuple[float, float]
SEED = 7  # of all random streams of the demo
OVERSAMPLING = 3  # drawn this much larger, then reduced: smooth edges


def _regular(corners: int, start: float = -90.0) -> list[Point]:
    angles = [math.radians(start + 360.0 * i / corners) for i in range(corners)]
    return [(math.cos(a), math.sin(a)) for a in angles]


def _star(points: int, inner: float) -> list[Point]:
    outer, shift = _regular(points), _regular(points, -90.0 + 180.0 / points)
    return [p for far, near in zip(outer, shift, strict=True) for p in (far, (inner * near[0], inner * near[1]))]


def _circle(
    radius: float = 1.0, start: float = 0.0, stop: float = 360.0, x: float = 0.0, y: float = 0.0
) -> list[Point]:
    angles = [math.radians(start + (stop - start) * i / 31) for i in range(32)]
    return [(x + radius * math.cos(a), y + radius * math.sin(a)) for a in angles]


def _hollow(outline: list[Point], share: float = 0.55) -> list[Point]:
    """Return the outline with a smaller copy of itself cut out of it."""
    inside = [(share * x, share * y) for x, y in outline]
    return [*outline, outline[0], inside[0], *reversed(inside)]


SHAPES: dict[str, list[Point]] = {  # category to outline in [-1, 1] x [-1, 1], y downwards; common ones first
    "disc": _circle(),
    "triangle": _regular(3),
    "star": _star(5, 0.42),
    "cross": [
        *[(-0.3, -1), (0.3, -1), (0.3, -0.3), (1, -0.3), (1, 0.3), (0.3, 0.3)],
        *[(0.3, 1), (-0.3, 1), (-0.3, 0.3), (-1, 0.3), (-1, -0.3), (-0.3, -0.3)],
    ],
    "ring": _hollow(_circle()),
    "bar": [(-1, -0.25), (1, -0.25), (1, 0.25), (-1, 0.25)],
    "moon": [*_circle(1.0, 50, 310), *reversed(_circle(0.8, 75, 285, 0.4))],
    "arrow": [(-1, -0.25), (0.1, -0.25), (0.1, -0.8), (1, 0), (0.1, 0.8), (0.1, 0.25), (-1, 0.25)],
    "frame": _hollow([(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)], 0.6),
    "hourglass": [(-0.8, -0.95), (0.8, -0.95), (0.12, 0), (0.8, 0.95), (-0.8, 0.95), (-0.12, 0)],
    "bolt": [(0.1, -1), (-0.6, 0.15), (-0.05, 0.15), (-0.25, 1), (0.6, -0.25), (0.05, -0.25), (0.45, -1)],
    "heart": [
        (0, 0.95),
        *[
            (math.sin(t) ** 3, -(13 * math.cos(t) - 5 * math.cos(2 * t) - 2 * math.cos(3 * t) - math.cos(4 * t)) / 17)
            for t in [math.radians(180 + 360 * i / 40) for i in range(1, 40)]
        ],
    ],
}
CATEGORIES = tuple(SHAPES)
THEMES = (  # categories that appear together; some belong to two themes
    ("disc", "triangle", "moon", "heart"),
    ("bar", "frame", "cross", "hourglass"),
    ("star", "arrow", "bolt", "ring"),
    ("triangle", "cross", "ring", "hourglass", "disc"),
)
THEME_SHARES = (0.34, 0.28, 0.22, 0.16)
TAIL = 0.7  # a category's weight falls as rank to this power
STRAY = 0.15  # share of objects that follow no theme
HUE_STEP, HUE_SPREAD = 5 / 12, 0.12  # turns of the colour wheel: from one category to the next, within one
SCENE_SIZE, OBJECT_SIZE = 96, (19.0, 32.0)  # pixels: the picture's side, the span of a shape


def _colour(random: np.random.RandomState) -> tuple[int, ...]:
    """Return any RGB colour."""
    return tuple(int(v) for v in random.randint(0, 256, 3))


def _own_colour(random: np.random.RandomState, category: str) -> tuple[int, ...]:
    """Return a colour around the favoured hue of the category, strong, dark or light."""
    hue = CATEGORIES.index(category) * HUE_STEP + random.normal(0, HUE_SPREAD)
    light = random.uniform(0.55, 1.0)
    return tuple(int(255 * v) for v in colorsys.hsv_to_rgb(hue % 1.0, random.uniform(0.5, 1.0), light))


def _background(random: np.random.RandomState, size: int) -> Image.Image:
    """Return a slanting gradient between two colours with coarse noise on it."""
    ends = random.uniform(40, 200, (2, 1)) + random.normal(0, 18, (2, 3))
    angle = random.uniform(0, 2 * math.pi)
    y, x = np.mgrid[0:size, 0:size] / (size - 1) - 0.5
    ramp = np.clip(x * math.cos(angle) + y * math.sin(angle) + 0.5, 0, 1)[..., None]
    noise = Image.fromarray(random.randint(0, 256, (size // 6, size // 6, 3)).astype(np.uint8))
    coarse = np.asarray(noise.resize((size, size), Image.Resampling.BICUBIC), np.float64) - 128
    picture = ends[0] * (1 - ramp) + ends[1] * ramp + 0.12 * coarse
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


def _clutter(random: np.random.RandomState, draw: ImageDraw.ImageDraw, size: int, strokes: int) -> None:
    """Draw lines that belong to no category."""
    for _ in range(strokes):
        start = random.uniform(0, size, 2)
        end = start + random.normal(0, 14, 2)
        corners = [tuple(OVERSAMPLING * start), tuple(OVERSAMPLING * end)]
        draw.line(corners, fill=_colour(random), width=int(random.randint(1, 3)) * OVERSAMPLING)


def _draw_shape(
    random: np.random.RandomState, draw: ImageDraw.ImageDraw, category: str, x: float, y: float
) -> np.ndarray:
    """Draw one shape centred at (x, y) pixels; return its corners in pixels, [corners, 2]."""
    span = random.uniform(*OBJECT_SIZE)
    turn = random.normal(0, 0.3)
    stretch = random.uniform(0.8, 1.0)
    points = np.array(SHAPES[category]) * (span / 2) * [1.0, stretch]
    cos, sin = math.cos(turn), math.sin(turn)
    points = points @ np.array([[cos, sin], [-sin, cos]]) + (x, y)
    draw.polygon([tuple(p) for p in points * OVERSAMPLING], fill=_own_colour(random, category))
    return points


def _category_weights(theme: int) -> np.ndarray:
    """Return the probability of each category in a theme, float64 [categories]."""
    rank = np.arange(1, len(CATEGORIES) + 1)
    common = rank**-TAIL
    inside = common * np.isin(CATEGORIES, THEMES[theme])
    return (1 - STRAY) * inside / inside.sum() + STRAY * common / common.sum()


def scene(random: np.random.RandomState) -> tuple[Image.Image, list[tuple[str, list[float], float]]]:
    """Return one scene: the picture and, per object, category, box [x, y, width, height] and area, in pixels."""
    size = SCENE_SIZE
    large = _background(random, size).resize((size * OVERSAMPLING,) * 2, Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(large)
    _clutter(random, draw, size, random.randint(1, 4))
    theme = random.choice(len(THEMES), p=THEME_SHARES)
    count = random.randint(2, 7)
    objects = []
    for category in random.choice(CATEGORIES, count, p=_category_weights(theme)):
        x, y = random.uniform(12, size - 12, 2)
        points = np.clip(_draw_shape(random, draw, category, x, y), 0, size)
        low, high = points.min(0), points.max(0)
        following = points[[*range(1, len(points)), 0]]
        twisted = points[:, 0] * following[:, 1] - points[:, 1] * following[:, 0]
        box = [round(float(v), 2) for v in (*low, *(high - low))]
        objects.append((str(category), box, round(abs(float(twisted.sum())) / 2, 2)))
    _clutter(random, draw, size, random.randint(1, 4))
    return large.reduce(OVERSAMPLING), objects
