"""The connector's icons: two posts and the bridge between them, drawn by hand at eight times their size."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

SIZES = {"small.png": 32, "large.png": 80}
SCALE = 8
NIGHT, DECK, ALERT, CALM = (23, 42, 69), (240, 244, 248), (229, 83, 61), (57, 168, 120)


def draw(folder: Path) -> list[Path]:
    """Write the icons into a folder and return their paths."""
    return [_write(folder / name, size) for name, size in SIZES.items()]


def _write(path: Path, size: int) -> Path:
    unit = size * SCALE / 32
    image = Image.new("RGBA", (size * SCALE, size * SCALE), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)

    def box(left: float, top: float, right: float, bottom: float) -> list[float]:
        return [left * unit, top * unit, right * unit, bottom * unit]

    pen.rounded_rectangle(box(0, 0, 31.9, 31.9), radius=6 * unit, fill=NIGHT)
    pen.arc(box(5, 7, 27, 33), 180, 360, fill=DECK, width=round(1.6 * unit))
    for x in (9, 13, 16, 19, 23):
        top = 20 - (13**2 * (1 - ((x - 16) / 11) ** 2)) ** 0.5
        pen.line(box(x, top, x, 21), fill=DECK, width=round(0.9 * unit))
    pen.rectangle(box(3, 20, 29, 22.4), fill=DECK)
    pen.rectangle(box(6, 22, 8, 28), fill=DECK)
    pen.rectangle(box(24, 22, 26, 28), fill=DECK)
    pen.ellipse(box(3.2, 15, 8.2, 20), fill=ALERT)
    pen.ellipse(box(23.8, 15, 28.8, 20), fill=CALM)
    image.resize((size, size), Image.Resampling.LANCZOS).save(path, optimize=True)
    return path
