"""Errors and warnings of sklearn_graceful."""


class OldModelMismatchWarning(UserWarning):
    """The old model's answers look as if it was given the wrong input.

    Raised at fit when the old model is no more often right on the training rows
    than always guessing the most frequent class, or so often right that it has
    probably memorised them.
    """


class DamagedGalleryError(OSError):
    """A file of a gallery is not what was written; the message names it."""
