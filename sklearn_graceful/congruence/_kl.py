"""Kullback-Leibler divergence at a temperature."""

import torch.nn.functional as F

from sklearn_graceful.congruence._base import Congruence


class TemperedKL(Congruence):
    """Methods whose divergence is ``T^2 KL(p_old || p_new)`` at temperature T.

    The factor T^2 keeps the gradient's size when T grows; without it T = 100 would
    switch the term off.
    """

    def target(self, old_logits):
        """Log-probabilities of the old model at the temperature."""
        return F.log_softmax(old_logits / self.temperature, dim=1)

    def divergence(self, new_logits, target, y):
        """``T^2 KL(p_old || p_new)`` of every row, shape (n,)."""
        new = F.log_softmax(new_logits / self.temperature, dim=1)
        kl = F.kl_div(new, target, reduction="none", log_target=True).sum(dim=1)
        return self.temperature**2 * kl

    def suited_to(self, learner):
        """Return this method; labels and weights express temperature 1 only."""
        if learner != "net" and self.temperature != 1:
            raise ValueError(
                f"{type(self).__name__}(temperature={self.temperature!r}) needs a "
                "network: labels and sample weights express temperature=1 only."
            )
        return self


def tempered_kl(logits_of, logits_from, temperature):
    """``T^2 KL(p || q; T)`` of every row, p and q by their logits."""
    p, q = (F.log_softmax(z / temperature, dim=1) for z in (logits_of, logits_from))
    kl = F.kl_div(q, p, reduction="none", log_target=True).sum(dim=1)
    return temperature**2 * kl
