"""Fine-tuning by gradients, with what is said to keep an old network's answers."""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from benchmarks.lqf.nets import predicted

EPOCHS, BATCH = 20, 64
LRS = (3e-4, 1e-3, 3e-3)


def fine_tune(module, X, y, lr, penalty=None, seed=0, names=None):
    """A copy of a module, trained on rows; `penalty` of it and a batch is added."""
    torch.manual_seed(seed)
    module = copy.deepcopy(module).eval()  # batch statistics stay what they are
    weights = [
        weight.requires_grad_(names is None or name in names)
        for name, weight in module.named_parameters()
    ]
    weights = [weight for weight in weights if weight.requires_grad]
    optimizer = torch.optim.Adam(weights, lr=lr)
    n_steps = EPOCHS * -(-len(X) // BATCH)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n_steps)
    for _ in range(EPOCHS):
        for rows in torch.randperm(len(X)).split(BATCH):
            outputs = module(X[rows])
            loss = F.cross_entropy(outputs, y[rows])
            if penalty is not None:
                loss = loss + penalty(module, X[rows], outputs)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            fall.step()
    return module


def moved(module, start):
    """By how much the weights differ from those at the start, in a row."""
    pairs = zip(module.parameters(), start, strict=True)
    return torch.cat([(weight - before).flatten() for weight, before in pairs])


def starts(module):
    return [weight.detach().clone() for weight in module.parameters()]


class Elastic:
    """EWC: squares of changes, weighted by the Fisher information's diagonal.

    Kirkpatrick et al., "Overcoming catastrophic forgetting in neural networks", PNAS
    2017.
    """

    strengths = (1.0, 10.0, 100.0, 1e3, 1e4)

    def __init__(self, module, X, y, earlier=None):
        squares = [torch.zeros_like(weight) for weight in module.parameters()]
        for x, label in zip(X, y, strict=True):
            module.zero_grad()
            F.cross_entropy(module(x[None]), label[None]).backward()
            for total, weight in zip(squares, module.parameters(), strict=True):
                total += weight.grad**2 / len(X)
        self.fisher = torch.cat([total.flatten() for total in squares])
        if earlier is not None:
            self.fisher += earlier.fisher
        self.start = starts(module)

    def __call__(self, strength):
        """A penalty."""

        def penalty(module, _, __):
            return strength / 2 * (self.fisher * moved(module, self.start) ** 2).sum()

        return penalty


class Anchored:
    """The Kronecker-factored anchor of LQF, around the same weights."""

    strengths = (0.01, 0.1, 1.0, 10.0, 100.0)

    def __init__(self, module, curvature):
        self.start = starts(module)
        self.curvature = curvature.times(1 / curvature.total)

    def __call__(self, strength):
        """A penalty."""

        def penalty(module, _, __):
            change = moved(module, self.start)
            pushed = self.curvature.multiply(change.detach())
            return strength * (change * pushed).sum()

        return penalty


class Distilled:
    """LwF: the old network's probabilities on the new rows, at temperature 2.

    Li and Hoiem, "Learning without Forgetting", ECCV 2016.
    """

    strengths = (0.3, 1.0, 3.0, 10.0)

    def __init__(self, module):
        self.old = copy.deepcopy(module).eval()

    def __call__(self, strength):
        """A penalty."""

        def penalty(_, X, outputs):
            with torch.no_grad():
                target = F.softmax(self.old(X) / 2, dim=1)
            log_proba = F.log_softmax(outputs / 2, dim=1)
            return strength * 4 * F.kl_div(log_proba, target, reduction="batchmean")

        return penalty


@dataclass
class Tuned:
    """Fine-tuning whose rate and strength are chosen on validation rows.

    Of those within half a point of the highest accuracy, that with the fewest negative
    flips. Rates are tried without a penalty first; strengths at the best of them.

    Parameters
    ----------
    module : torch.nn.Module
        At the start.
    train, valid : (tensor, tensor)
        Rows.
    seed : int, default=0
    names : set of str, default=None
        Of the weights that change; None: all.
    """

    module: torch.nn.Module
    train: tuple
    valid: tuple
    seed: int = 0
    names: set | None = None

    def plain(self):
        """Without a penalty; its rate is kept."""
        best, self.lr = self._best([(lr, lr, None) for lr in LRS])
        return best

    def with_penalty(self, keeper):
        """With one, at the best rate."""
        return self._best(
            [(strength, self.lr, keeper(strength)) for strength in keeper.strengths]
        )[0]

    def _best(self, trials):
        X, y = self.valid
        right_before = predicted(self.module, X) == y.numpy()
        found = []
        for value, lr, penalty in trials:
            how = lr, penalty, self.seed, self.names
            new = fine_tune(self.module, *self.train, *how)
            right = predicted(new, X) == y.numpy()
            flips = np.mean(right_before & ~right)
            found.append((right.mean(), flips, new, value))
        highest = max(accuracy for accuracy, *_ in found)
        near = [trial for trial in found if trial[0] >= highest - 0.005]
        return min(near, key=lambda trial: trial[1])[2:]
