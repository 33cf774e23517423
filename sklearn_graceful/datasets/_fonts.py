"""Faces of installed fonts: which of them differ, and how each draws a character."""

import itertools
import os
from pathlib import Path

import numpy as np

from sklearn_graceful.datasets._packages import DATA_VARIABLE, import_extra
from sklearn_graceful.datasets._scripts import SCRIPTS

_FOLDER = "/usr/share/fonts"
_SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")
# Characters are drawn this high, in pixels, and scaled down: edges are smoother, and
# hints, which are meant for the size of the picture, matter less.
LARGEST_SIZE = 128
# Unicode keeps this code point free for ever: here a face draws its picture of a
# character that it lacks. In the private areas some fonts have characters.
_NO_CHARACTER = "\uffff"
_PROBE_SIZE = 32


class Face:
    """One face of a font: draws characters as grey squares."""

    def __init__(self, name, font):
        self.name = name
        self._font = font
        self._lacking = self._ink(_NO_CHARACTER)

    def draw(self, character, size):
        """Picture of a character, uint8 (size, size), or None where it is lacking."""
        ink = self._ink(character)
        if ink is None or ink == self._lacking:
            return None
        scale = (size - 2 * max(1, size // 16)) / max(ink.size)
        ink = ink.resize(tuple(max(1, round(length * scale)) for length in ink.size))
        picture = np.zeros((size, size), dtype=np.uint8)
        top, left = (size - ink.height) // 2, (size - ink.width) // 2
        picture[top : top + ink.height, left : left + ink.width] = ink
        return picture

    def _ink(self, character):
        """Pillow image of what a character paints, cut at its edges, or None."""
        from PIL import Image, ImageDraw

        try:
            left, top, right, bottom = self._font.getbbox(character)
            image = Image.new("L", (right - left + 1, bottom - top + 1))
            drawing = ImageDraw.Draw(image)
            drawing.text((-left, -top), character, fill=255, font=self._font)
        except OSError:
            # Some fonts open, but have errors in the programs that draw.
            return None
        box = image.getbbox()
        return box and image.crop(box)


def find_faces(path=None):
    """Yield every face of the fonts in `path`, $SKLEARN_GRACEFUL_DATA or installed."""
    fonts = import_extra("PIL.ImageFont", "Characters are drawn with Pillow")
    for file in _find_fonts(path):
        # A collection has several faces; files that cannot be read have none, nor have
        # bitmaps of one size.
        for index in itertools.count():
            try:
                font = fonts.truetype(
                    str(file),
                    LARGEST_SIZE,
                    index=index,
                    layout_engine=fonts.Layout.BASIC,
                )
            except OSError:
                break
            yield Face(f"{file.stem}:{index}" if index else file.stem, font)


def distinct_faces(faces, probe, max_correlation):
    """Faces that have most characters of `probe`, without those like an earlier one."""
    kept, pictures = [], []
    for face in faces:
        new = _standardized(face, probe)
        # Fonts of last resort draw one picture for all characters of a kind. Any two
        # faces that have more than half of the characters have some in common.
        own = new[np.isfinite(new[:, 0])]
        if len(np.unique(own, axis=0)) <= len(probe) / 2:
            continue
        correlations = [np.nanmean((new * old).sum(axis=1)) for old in pictures]
        # The correlation of two copies is one but for rounding.
        if np.round(correlations, 9).max(initial=-1) < max_correlation:
            kept.append(face)
            pictures.append(new)
    return kept


def how_to_install():
    """What to type for the fonts of Debian's packages."""
    packages = "; ".join(
        f"with {name}: {' '.join(script.packages)}" for name, script in SCRIPTS.items()
    )
    return (
        f"Install fonts with `apt-get install PACKAGES`, or unpack them anywhere with "
        f"`apt-get download PACKAGES` and `for f in fonts-*.deb; do dpkg-deb -x $f "
        f"FOLDER; done`, which installs nothing, and pass path='FOLDER' or set "
        f"{DATA_VARIABLE}=FOLDER. Packages, of which a few will do, {packages}."
    )


def _find_fonts(path):
    """Font files of the first folder that has any, by name, the first of each name."""
    root, folders = path or os.environ.get(DATA_VARIABLE), []
    if root:
        folders += [Path(root, _FOLDER.lstrip("/")), Path(root)]
    if path is None:
        folders.append(Path(_FOLDER))
    for folder in folders:
        found = {}
        for file in sorted(folder.rglob("*"), key=lambda file: (file.stem, str(file))):
            if file.suffix.lower() in _SUFFIXES and file.is_file():
                found.setdefault(file.stem, file)
        if found:
            return list(found.values())
    looked = ", ".join(map(str, folders))
    raise FileNotFoundError(f"No fonts in {looked}. {how_to_install()}")


def _standardized(face, characters):
    """Pictures of mean zero and length one, NaN where lacking, (n, pixels)."""
    rows = np.full((len(characters), _PROBE_SIZE**2), np.nan)
    for row, character in zip(rows, characters, strict=True):
        picture = face.draw(character, _PROBE_SIZE)
        if picture is not None:
            row[:] = picture.ravel() - picture.mean()
            row /= np.linalg.norm(row)
    return rows
