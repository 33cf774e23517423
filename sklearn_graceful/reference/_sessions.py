"""Pickle ONNX sessions, which cannot be, by the bytes of their model."""

from dataclasses import dataclass

from sklearn_graceful._kinds import is_onnx_session


@dataclass(frozen=True)
class PackedSession:
    """All that it takes to open a session again.

    Attributes
    ----------
    model : bytes
        The ONNX model.
    providers : list of str
        Execution providers, in their order of preference.
    """

    model: bytes
    providers: list


def pack_sessions(model):
    """Replace a session, or those in a list of models, by what can be pickled.

    Raises
    ------
    TypeError
        If a session was not made from bytes.
    """
    if isinstance(model, list | tuple):
        return type(model)(map(pack_sessions, model))
    if not is_onnx_session(model):
        return model
    # What onnxruntime keeps of its argument, None where that was a path.
    content = getattr(model, "_model_bytes", None)
    if content is None:
        raise TypeError(
            "The old model is an ONNX session that was opened from a path, and cannot "
            "be pickled: open it from bytes, InferenceSession(Path(...).read_bytes()), "
            "or pass its stored answers, old_proba= or old_embeddings=. A finished new "
            "model is saved without it: new.standalone()."
        )
    return PackedSession(bytes(content), model.get_providers())


def unpack_sessions(model):
    """Open packed sessions again."""
    if isinstance(model, list | tuple):
        return type(model)(map(unpack_sessions, model))
    if not isinstance(model, PackedSession):
        return model
    from onnxruntime import InferenceSession

    return InferenceSession(model.model, providers=model.providers)
