"""The straight line between an old network's weights and those of its tuned self."""

from sklearn.utils import check_array
from torch.optim.swa_utils import update_bn

from sklearn_graceful._wrappers import last_step, transform_before_last
from sklearn_graceful.nn import (
    copy_weights,
    interpolate_weights,
    load_weights,
    numbered_batches,
)


class WeightLine:
    """Moves a tuned net, in a Pipeline or not, along the line to an old network."""

    def __init__(self, old, tuned, training):
        self.net = last_step(tuned)
        self.old_weights = old.weights
        self.new_weights = copy_weights(self.net.module_)
        X = transform_before_last(tuned, training.X)
        self.X, self.y = check_array(X, allow_nd=True, input_name="X"), training.y

    def go_to(self, old_share):
        """Put the net at a point of the line."""
        weights = interpolate_weights(self.old_weights, self.new_weights, old_share)
        load_weights(self.net.module_, weights)
        if 0 < old_share < 1:
            # The ends have statistics of their own. Batches are those of the training,
            # where none was too small.
            rows = self.net.get_dataset(self.X, self.y)
            batches = numbered_batches(self.net, rows, training=True)
            update_bn(batches, self.net.module_, device=self.net.device)
