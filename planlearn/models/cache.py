"""What a model remembers of a batch of rows, with free columns at the right: a step copies one column.

transformers' own layer joins all columns anew at each token. At answers of hundreds of tokens that moves more
bytes than the model's weights have.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn.functional import pad
from transformers import Cache
from transformers.cache_utils import DynamicLayer

# Columns kept free at the right when a layer must be copied at all.
SPARE = 128


class RoomyLayer(DynamicLayer):
    """The keys and values of one layer: views of shape (rows, heads, columns, width) into wider buffers."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._buffers: tuple[Tensor, Tensor]

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Write new columns at the right end."""
        if not self.is_initialized:
            self.dtype, self.device = key_states.dtype, key_states.device
            self.is_initialized = True
            self._hold(key_states, value_states)
            return self.keys, self.values
        begin, end = self.keys.shape[2], self.keys.shape[2] + key_states.shape[2]
        if end > self._buffers[0].shape[2]:
            self._hold(self.keys, self.values, SPARE + key_states.shape[2])
        for buffer, states in zip(self._buffers, (key_states, value_states), strict=True):
            buffer[:, :, begin:end] = states
        self._show(end)
        return self.keys, self.values

    def keep(self, rows: Tensor, begin: int) -> None:
        """Let all other rows go, and the columns before `begin`."""
        self._hold(self.keys[rows, :, begin:], self.values[rows, :, begin:])

    def _hold(self, keys: Tensor, values: Tensor, spare: int = SPARE) -> None:
        self._buffers = (pad(keys, (0, 0, 0, spare)), pad(values, (0, 0, 0, spare)))
        self._show(keys.shape[2])

    def _show(self, columns: int) -> None:
        self.keys, self.values = (buffer[:, :, :columns] for buffer in self._buffers)


def roomy_cache() -> Cache:
    """An empty cache of `RoomyLayer`s, for models that see all columns in every layer."""
    return Cache(layer_class_to_replicate=RoomyLayer)
