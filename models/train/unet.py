"""A small class-conditional U-Net that a CPU can train in an hour.

The picture is folded 2x2 into channels first (space to depth), so the widest convolutions run on a quarter of the
pixels. Time shifts every block. Context enters from the bottom up as `context * up + time`, once in each middle and
up block, after the norm, where a multiplicative gate is well scaled.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional


class SinusoidalTime(nn.Module):
    """Transformer-style features of the 0-based train index: [B] -> [B, features]."""

    def __init__(self, features: int):
        super().__init__()
        frequencies = torch.exp(-math.log(10_000.0) * torch.arange(features // 2) / (features // 2))
        self.register_buffer("frequencies", frequencies, persistent=False)

    def forward(self, time: Tensor) -> Tensor:
        angles = time.unsqueeze(1) * self.frequencies
        return torch.cat([angles.cos(), angles.sin()], dim=1)


class Block(nn.Module):
    """Residual block; `modulation` is the width of the embeddings, `gated` adds the context gate."""

    def __init__(self, channels: int, modulation: int, gated: bool, groups: int = 8):
        super().__init__()
        self.norm_in = nn.GroupNorm(groups, channels)
        self.convolution_in = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm_out = nn.GroupNorm(groups, channels)
        self.convolution_out = nn.Conv2d(channels, channels, 3, padding=1)
        self.time = nn.Linear(modulation, channels)
        self.context = nn.Linear(modulation, channels) if gated else None
        if self.context is not None:
            nn.init.ones_(self.context.bias)
        nn.init.zeros_(self.convolution_out.weight)
        nn.init.zeros_(self.convolution_out.bias)

    def forward(self, x: Tensor, time: Tensor, context: Tensor) -> Tensor:
        up = self.norm_out(self.convolution_in(functional.silu(self.norm_in(x))))
        shift = self.time(time).unsqueeze(2).unsqueeze(3)
        if self.context is not None:
            up = self.context(context).unsqueeze(2).unsqueeze(3) * up + shift
        else:
            up = up + shift
        return x + self.convolution_out(functional.silu(up))


class Attention(nn.Module):
    """Self-attention over the positions of the coarsest map."""

    def __init__(self, channels: int, heads: int = 4, groups: int = 8):
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(groups, channels)
        self.query_key_value = nn.Linear(channels, 3 * channels)
        self.output = nn.Linear(channels, channels)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.norm(x).flatten(2).transpose(1, 2)
        split = self.query_key_value(tokens).unflatten(2, [3, self.heads, -1])
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)
        mixed = functional.scaled_dot_product_attention(query, key, value)
        mixed = self.output(mixed.transpose(1, 2).flatten(2))
        return x + mixed.transpose(1, 2).unflatten(2, x.shape[2:])


class UNet(nn.Module):
    """x [B, inputs, H, W], time [B], class index [B] (`classes` is the null class) -> prediction [B, outputs, H, W].

    With `factors` the condition is a vector [B, factors] instead, all zeros for "none".
    """

    def __init__(
        self,
        classes: int,
        fine: int = 64,
        coarse: int = 112,
        modulation: int = 128,
        blocks: int = 2,
        inputs: int = 1,
        outputs: int = 1,
        factors: int | None = None,
    ):
        super().__init__()
        self.sinusoidal = SinusoidalTime(64)
        self.time = nn.Sequential(nn.Linear(64, modulation), nn.SiLU(), nn.Linear(modulation, modulation), nn.SiLU())
        self.classes = nn.Embedding(classes + 1, 64) if factors is None else nn.Linear(factors, 64)
        self.context = nn.Sequential(nn.Linear(64, modulation), nn.SiLU(), nn.Linear(modulation, modulation), nn.SiLU())

        self.stem = nn.Conv2d(4 * inputs, fine, 3, padding=1)
        self.down_fine = nn.ModuleList(Block(fine, modulation, gated=False) for _ in range(blocks))
        self.shrink = nn.Conv2d(fine, coarse, 3, stride=2, padding=1)
        self.down_coarse = Block(coarse, modulation, gated=False)
        self.attention = Attention(coarse)
        self.middle = Block(coarse, modulation, gated=True)
        self.join_coarse = nn.Conv2d(2 * coarse, coarse, 1)
        self.up_coarse = Block(coarse, modulation, gated=True)
        self.grow = nn.Conv2d(coarse, fine, 3, padding=1)
        self.join_fine = nn.ModuleList(nn.Conv2d(2 * fine, fine, 1) for _ in range(blocks))
        self.up_fine = nn.ModuleList(Block(fine, modulation, gated=True) for _ in range(blocks))
        self.norm = nn.GroupNorm(8, fine)
        self.head = nn.Conv2d(fine, 4 * outputs, 3, padding=1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: Tensor, t: Tensor, condition: Tensor) -> Tensor:
        time = self.time(self.sinusoidal(t))
        context = self.context(self.classes(condition))

        h = self.stem(functional.pixel_unshuffle(x, 2))
        skips = []
        for block in self.down_fine:
            h = block(h, time, context)
            skips.append(h)
        h = self.down_coarse(self.shrink(h), time, context)
        skip_coarse = h
        h = self.middle(self.attention(h), time, context)
        h = self.up_coarse(self.join_coarse(torch.cat([h, skip_coarse], dim=1)), time, context)
        h = self.grow(functional.interpolate(h, scale_factor=2.0, mode="nearest"))
        for join, block in zip(self.join_fine, self.up_fine):
            h = block(join(torch.cat([h, skips.pop()], dim=1)), time, context)
        return functional.pixel_shuffle(self.head(functional.silu(self.norm(h))), 2)
