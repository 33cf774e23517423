"""Errors and warnings of sklearn_graceful."""


class OldModelMismatchWarning(UserWarning):
    """The old model looks as if it was given the wrong input.

    Raised at fit when columns lie elsewhere than those that the old model learned
    from; when it is no more often right on the training rows than always guessing the
    most frequent class, and its mean recall is low as well, or so often right that it
    has probably memorised them; and when a model keeps traces of rows that calibrate
    flip control.
    """


class DamagedGalleryError(OSError):
    """A file of a gallery is not what was written; the message names it."""
