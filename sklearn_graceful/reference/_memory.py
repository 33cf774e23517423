"""Remember what a model answered for a row, so that it sees every row only once."""

from threading import RLock
from weakref import WeakValueDictionary

import numpy as np
from sklearn.utils.validation import _num_samples

from sklearn_graceful.reference._fitted_state import FittedState
from sklearn_graceful.reference._rows import digest_rows, take_rows
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

    def recall(self, adapter, question, X):
        """Answers for the rows of `X`; the model gets all new ones at once, if any."""
        found = digest_rows(X)
        with self._lock:
            if found is None:
                return self.ask(adapter, question, X)
            layout, digests = found
            if self._state is None or self._state != FittedState(self._model):
                self._tables.clear()
            table = self._tables.setdefault((question, layout), _Table())
            # Where the answers are, -1 for a row that is new.
            slots = np.array([table.slots.get(digest, -1) for digest in digests])
            is_new = slots < 0
            if not is_new.any():
                return table.answers[slots]
            # Equal rows are asked once: the first position of every new digest.
            new = {}
            unknown = np.flatnonzero(is_new)
            place = [new.setdefault(digests[i], len(new)) for i in unknown.tolist()]
            first = unknown[np.unique(place, return_index=True)[1]]
            rows = X if len(first) == len(digests) else take_rows(X, first)
            answers = self.ask(adapter, question, rows)
            # Taken afterwards, since models may keep counters or caches of their own.
            self._state = FittedState(self._model)
            merged = _merge(is_new, answers[place], table.answers[slots[~is_new]])
            needed = answers.nbytes + len(new) * _Table.row_overhead
            if needed + self.nbytes > self.max_bytes:
                for full in self._tables.values():
                    full.clear()
            if needed <= self.max_bytes:
                table.add(new, answers)
            return merged

    def ask(self, adapter, question, X):
        """Answers for the rows of `X`, neither looked up nor kept; see `recall`."""
        with self._lock, untouched(self._model):
            answers = np.asarray(adapter.answer(question, X))
        n_rows = _num_samples(X)
        if answers.ndim == 0 or len(answers) != n_rows:
            raise ValueError(
                f"The old model was asked about {n_rows} rows and answered "
                f"with an array of shape {answers.shape}. It must answer every row by "
                "itself: a model with several outputs cannot be used, and stored "
                "outputs belong into old_proba= or old_embeddings=."
            )
        return answers

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
        self.slots, self.answers = {}, np.empty(0)

    @property
    def nbytes(self):
        return self.answers.nbytes + len(self.slots) * self.row_overhead

    def add(self, digests, answers):
        start, stop = len(self.slots), len(self.slots) + len(digests)
        old = self.answers if self.slots else answers[:0]
        dtype = np.result_type(old.dtype, answers.dtype)  # longer strings, say
        if stop > len(old) or dtype != old.dtype:
            capacity = max(stop, len(old) * 5 // 4)
            self.answers = np.empty((capacity, *old.shape[1:]), dtype)
            self.answers[: len(old)] = old
        self.answers[start:stop] = answers
        self.slots.update(zip(digests, range(start, stop), strict=True))


def _merge(is_new, new, known):
    if not len(known):
        return new
    if new.shape[1:] != known.shape[1:]:
        raise ValueError(
            f"The old model answered rows of shape {known.shape[1:]} before and of "
            f"shape {new.shape[1:]} now."
        )
    dtype = np.result_type(new.dtype, known.dtype)
    merged = np.empty((len(is_new), *new.shape[1:]), dtype)
    merged[is_new], merged[~is_new] = new, known
    return merged
