"""What a long fit is busy with, how far it is, and the time that is left."""

from contextlib import contextmanager

from tqdm import tqdm

_FORMAT = "{percentage:3.0f}%|{bar:20}| {elapsed}<{remaining} {desc}{postfix}"


class Progress:
    """A bar for a whole fit, one step a model to train; nothing is drawn into files.

    Parameters
    ----------
    shown : bool, default=False
        Whether to draw at all.
    """

    def __init__(self, shown=False):
        self._shown, self._bar = shown, None

    @contextmanager
    def of_fit(self):
        """Open the bar for as long as a fit takes."""
        if not self._shown:
            yield
            return
        # disable=None: draw only where it is looked at. The time left follows from all
        # of the time so far.
        with tqdm(total=1, disable=None, bar_format=_FORMAT, smoothing=0) as self._bar:
            yield
            # Fewer models may have done than were expected.
            self._go_to(self._bar.total)
        self._bar = None

    def expect(self, n_models):
        """Say how many models will be trained."""
        if self._bar is not None:
            self._bar.total = n_models
            self._bar.refresh()

    @contextmanager
    def of_model(self, name, n_epochs=None):
        """Show what is trained; yields what is to be called after each epoch.

        With `n_epochs` they count as shares of the model.
        """
        bar = self._bar
        if bar is None:
            yield None
            return
        if not isinstance(n_epochs, int):
            n_epochs = None  # found while it is trained
        start = round(bar.n)
        bar.total = max(bar.total, start + 1)
        bar.set_description_str(name)
        epochs = 0

        def after_epoch():
            nonlocal epochs
            epochs += 1
            share = 0 if n_epochs is None else min(epochs / n_epochs, 1)
            self._go_to(start + share, f"epoch {epochs}")

        yield after_epoch
        self._go_to(start + 1)

    def _go_to(self, done, said=""):
        # Steps that are added up would end a hair beyond the total.
        self._bar.n = done
        self._bar.set_postfix_str(said)
