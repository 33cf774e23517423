"""Remember what a model answered for a row, so that it sees every row only once."""

from threading import RLock
from weakref import WeakValueDictionary

import numpy as np

from sklearn_graceful.reference._fitted_state import FittedState
from sklearn_graceful.reference._rows import count_rows, digest_rows, take_rows
from sklearn_graceful.reference._untouched import untouched

_memories = WeakValueDictionary()


class RowMemory:
    """The answers of one model, by question and row, shared by all its handles."""

    # Emptied beyond, give or take the room to grow, and after another fit of the model.
    max_bytes = 256 * 2**20

    def __init__(self, model):
        # Kept alive, so that its identity stays its own.
        self._model = model
        self._tables = {}
        self._state = None
        # Held while the model answers: a second thread waits for the answer instead
        # of asking again, and no two of them switch a torch module's mode at once.
        self._lock = RLock()

    @classmethod
    def of(cls, model):
        """Memory of `model`, shared while any handle of it lives."""
        memory = _memories.get(id(model))
        if memory is None:
            memory = _memories.setdefault(id(model), cls(model))
        return memory

    def recall(self, question, X, answer):
        """Answers for the rows of `X`; `answer` gets all new ones at once, if any."""
        found = digest_rows(X)
        with self._lock:
            if not found or not found[1]:
                return self.ask(X, answer)
            layout, digests = found
            if self._state is None or self._state != FittedState(self._model):
                self._tables.clear()
            table = self._tables.setdefault((question, layout), _Table())
            return self._complete(table, digests, X, answer)

    def _complete(self, table, digests, X, answer):
        slots = table.find(digests)
        unknown = np.flatnonzero(slots < 0)
        if not unknown.size:
            return table.take(slots)
        # Equal rows are asked once: the first position of every new digest.
        first = {digests[position]: position for position in unknown[::-1].tolist()}
        new = dict(sorted(first.items(), key=lambda item: item[1]))
        whole = len(new) == len(digests)
        rows = X if whole else take_rows(X, np.fromiter(new.values(), np.intp))
        answers = self.ask(rows, answer)
        # Taken afterwards, since models may keep counters or caches of their own.
        self._state = FittedState(self._model)
        known = table.take(slots[slots >= 0])
        place = {digest: index for index, digest in enumerate(new)}
        asked = [place[digests[position]] for position in unknown.tolist()]
        self._store(table, list(new), answers)
        return _merge(slots < 0, answers[asked], known)

    def ask(self, X, answer):
        """Answers for the rows of `X`, neither looked up nor kept; see `recall`."""
        with self._lock, untouched(self._model):
            answers = np.asarray(answer(X))
        if answers.ndim == 0 or len(answers) != count_rows(X):
            raise ValueError(
                f"The old model was asked about {count_rows(X)} rows and answered "
                f"with an array of shape {answers.shape}. It must answer every row by "
                "itself: a model with several outputs cannot be used, and stored "
                "outputs belong into old_proba= or old_embeddings=."
            )
        return answers

    def _store(self, table, digests, answers):
        needed = answers.nbytes + len(digests) * _Table.row_overhead
        if needed + self.nbytes > self.max_bytes:
            for full in self._tables.values():
                full.clear()
        if needed <= self.max_bytes:
            table.add(digests, answers)

    @property
    def nbytes(self):
        """Bytes in use, estimated."""
        return sum(table.nbytes for table in self._tables.values())


class _Table:
    """Answers to one question for rows of one layout, in a growing array."""

    row_overhead = 160  # bytes of a digest, its slot number and their dict entry

    def __init__(self):
        self.clear()

    def clear(self):
        self._slots, self._answers = {}, None

    @property
    def nbytes(self):
        answers = 0 if self._answers is None else self._answers.nbytes
        return answers + len(self._slots) * self.row_overhead

    def find(self, digests):
        """Slots of `digests`, -1 for an unknown one."""
        slots = self._slots
        return np.fromiter((slots.get(d, -1) for d in digests), np.intp, len(digests))

    def take(self, slots):
        return None if self._answers is None else self._answers[slots]

    def add(self, digests, answers):
        start, stop = len(self._slots), len(self._slots) + len(digests)
        self._reserve(stop, answers)
        self._answers[start:stop] = answers
        self._slots.update(zip(digests, range(start, stop), strict=True))

    def _reserve(self, size, like):
        old = self._answers
        if old is None:
            self._answers = np.empty((size, *like.shape[1:]), like.dtype)
            return
        dtype = np.result_type(old.dtype, like.dtype)  # longer strings, say
        if size > len(old) or dtype != old.dtype:
            capacity = max(size, len(old) * 5 // 4)
            self._answers = np.empty((capacity, *old.shape[1:]), dtype)
            self._answers[: len(old)] = old


def _merge(is_new, new, known):
    if known is None or not len(known):
        return new
    if new.shape[1:] != known.shape[1:]:
        raise ValueError(
            f"The old model answered rows of shape {known.shape[1:]} before and of "
            f"shape {new.shape[1:]} now."
        )
    merged = np.empty(
        (len(is_new), *new.shape[1:]), np.result_type(new.dtype, known.dtype)
    )
    merged[is_new], merged[~is_new] = new, known
    return merged
