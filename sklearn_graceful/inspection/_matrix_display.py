"""What displays of one value for each pair of versions share."""

import numpy as np

from sklearn_graceful.inspection import _style as style
from sklearn_graceful.reference import ModelHistory, as_reference

_CELL_INCHES = 0.6
# From this share of the scale on, a figure is white.
_DARK = 0.6


class MatrixDisplay:
    """Base: a heat map with figures, names of the versions and a colour bar."""

    def _start(self, name, matrix, ax, height):
        """Check a square matrix; name its versions along axes, in `height` inches."""
        matrix = np.asarray(matrix, dtype=float)
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
            raise ValueError(
                f"{name} must have one row and one column for each of two versions or "
                f"more, got shape {matrix.shape}."
            )
        numbered = _numbered(len(matrix))
        names = style.short_names(self.display_labels, numbered, "versions")
        longest = max(map(len, names))
        side = max(3.0, _CELL_INCHES * len(names)) + style.LETTER_INCHES * longest
        ax = style.make_axes(type(self).__name__, ax, (side + 1.5, side + height))
        self.ax_, self.figure_ = ax, ax.figure
        places = np.arange(len(names))
        ax.set_xticks(places, names, rotation=90 if longest > 5 else 0)
        ax.set_yticks(places, names)
        style.remove_frame(ax)
        return matrix

    def _draw_map(self, shown, colours, limits, write_tick):
        """Draw the unmasked cells and the colour bar, which is returned."""
        from matplotlib.ticker import MaxNLocator

        self.im_ = self.ax_.imshow(shown, cmap=colours, clim=limits, aspect="auto")
        bar = self.figure_.colorbar(self.im_, ax=self.ax_, pad=0.03, fraction=0.05)
        bar.locator = MaxNLocator(nbins=4, steps=[1, 2, 5, 10])
        bar.formatter = write_tick
        bar.update_ticks()
        bar.outline.set_visible(False)
        return bar

    def _write_cells(self, values, written, *, muted, digits=1):
        """Write the `written` of all values in %, those that are `muted` in grey."""
        self.text_ = np.full(values.shape, None, dtype=object)
        dark = np.abs(self.im_.get_array()) > _DARK * self.im_.norm.vmax
        colour = np.where(np.ma.filled(dark, False), "white", "black")
        colour = np.where(muted, style.MUTED, colour)
        for cell in zip(*np.nonzero(written), strict=True):
            said = style.percent(values[cell], digits, unit="")
            look = {"fontsize": "small", "color": colour[cell]}
            self.text_[cell] = style.write_cell(self.ax_, *cell, said, **look)

    @classmethod
    def _handles(cls, versions):
        """Handles of a dict, a list or a history of fitted models, by name."""
        if isinstance(versions, ModelHistory):
            versions = versions.versions
        if isinstance(versions, list | tuple):
            versions = dict(zip(_numbered(len(versions)), versions, strict=True))
        if not isinstance(versions, dict):
            raise TypeError(
                f"{cls.__name__} needs a dict, a list or a ModelHistory of versions, "
                f"got {type(versions).__name__}."
            )
        if any(version is None for version in versions.values()):
            raise TypeError(f"{cls.__name__}: a version is None.")
        return {name: as_reference(model) for name, model in versions.items()}


def names_of(by_version, display_labels):
    """Return the labels that were given, else the keys of a dict, else None."""
    if display_labels is None and isinstance(by_version, dict):
        return list(by_version)
    return display_labels


def _numbered(n_versions):
    """Names of versions that have none: v1, v2 and so on."""
    return [f"v{number}" for number in range(1, n_versions + 1)]
