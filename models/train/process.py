"""Variance-preserving diffusion: x = a * x0 + s * noise with a^2 + s^2 = 1."""

import math
from dataclasses import dataclass

import torch


def squared_cosine_betas(steps: int) -> torch.Tensor:
    """Improved DDPM (Nichol and Dhariwal 2021), eq. 17, clipped at 0.999: float64 [steps]."""

    def f(index: int) -> float:
        return math.cos((index / steps + 0.008) / 1.008 * math.pi / 2) ** 2

    return torch.tensor([min(1 - f(i + 1) / f(i), 0.999) for i in range(steps)], dtype=torch.float64)


@dataclass(frozen=True)
class VariancePreserving:
    """The levels a, s of train indices 0..T-1, float64 [T]."""

    signal: torch.Tensor
    noise: torch.Tensor

    @staticmethod
    def of(betas: torch.Tensor) -> "VariancePreserving":
        remaining = torch.cumprod(1 - betas, 0)
        return VariancePreserving(remaining.sqrt(), (1 - remaining).sqrt())

    @property
    def steps(self) -> int:
        return len(self.signal)

    def diffuse(self, clean: torch.Tensor, noise: torch.Tensor, index: torch.Tensor):
        """Noisy x and the target of v-prediction, v = a * noise - s * x0 (Salimans and Ho 2022)."""
        a = self.signal[index].float().view(-1, 1, 1, 1)
        s = self.noise[index].float().view(-1, 1, 1, 1)
        return a * clean + s * noise, a * noise - s * clean

    def signal_to_noise(self, index: torch.Tensor) -> torch.Tensor:
        return (self.signal[index] / self.noise[index]).square().float()
