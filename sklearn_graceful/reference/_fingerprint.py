"""Name a fitted model, so that what it made can be told from what others made."""

import joblib

from sklearn_graceful._wrappers import innermost
from sklearn_graceful.reference._handle import ReferenceModel


def fingerprint_of(model):
    """Name a fitted model by what it has learned.

    Parameters
    ----------
    model : object
        Anything that :class:`ReferenceModel` takes, or an adapter.

    Returns
    -------
    fingerprint : str
        ``fingerprint_``, where the model or the last step of a Pipeline has one. Else a
        digest of its pickle: the same in every process, but not in every version of the
        libraries that it is made of.

    Raises
    ------
    ValueError
        If it has neither.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn_graceful.reference import fingerprint_of
    >>> one, same, other = (LogisticRegression(C=c) for c in (1.0, 1.0, 2.0))
    >>> fingerprint_of(one) == fingerprint_of(same) != fingerprint_of(other)
    True
    """
    if isinstance(model, ReferenceModel):
        model = model.model
    known = getattr(innermost(model), "fingerprint_", None)
    if known is not None:
        return known
    try:
        return joblib.hash(model)
    except Exception as error:
        raise ValueError(
            f"There is no telling {type(model).__name__} from other models: it has no "
            "fingerprint_ and cannot be pickled. Pass fingerprint=, a name of its "
            "version."
        ) from error
