"""The one training loop. A family brings its network, its loss and its export; everything else is here.

Each step's randomness is a function of (seed, step) alone, and the learning rate is constant until the last part of the
step budget. So a run can be stopped, resumed and even given another budget before the decay begins, and still ends with
the weights that one uninterrupted run with that budget gives on the same machine; on a GPU, whose sums vary, with nearly those.
"""

import hashlib
import json
import math
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn


@dataclass(frozen=True)
class Recipe:
    """What decides the result, besides the family's own code and data."""

    seed: int
    steps: int
    batch: int = 64
    rate: float = 1e-3
    warmup: int = 500
    decay: float = 0.25
    """Share of the steps, at the end, over which the rate falls linearly to zero."""
    averaging: float = 0.999
    weight_decay: float = 1e-4
    clip: float = 1.0


Loss = Callable[[nn.Module, Tensor, torch.Generator], Tensor]
"""(network, indices of the batch's examples [B], randomness of this step) -> scalar loss."""


class Averaged:
    """Exponential moving average of the weights, with a ramp so that early averages forget the initial weights."""

    def __init__(self, network: nn.Module, decay: float):
        self.decay = decay
        self.weights = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        now = network.state_dict()
        learned = [name for name, value in now.items() if value.is_floating_point()]
        # All at once: on an accelerator a call for each would cost more than the step itself.
        average = get_ema_multi_avg_fn(decay)
        average([self.weights[name] for name in learned], [now[name] for name in learned], step)
        for name in now.keys() - set(learned):
            self.weights[name].copy_(now[name])


def train(
    network: nn.Module,
    loss: Loss,
    examples: int,
    recipe: Recipe,
    folder: Path,
    until: int | None = None,
    every_seconds: float = 90,
) -> dict[str, Tensor]:
    """Runs or resumes training in `folder`, to the end or to step `until`, and returns the averaged weights."""
    last = recipe.steps if until is None else min(until, recipe.steps)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pid").write_text(str(os.getpid()))
    (folder / "recipe.json").write_text(json.dumps(asdict(recipe), indent=2))
    network.train()
    optimizer = torch.optim.AdamW(
        network.parameters(), recipe.rate, betas=(0.9, 0.99), weight_decay=recipe.weight_decay
    )
    averaged = Averaged(network, recipe.averaging)
    first, spent = _resume(folder, network, optimizer, averaged)
    log = (folder / "log.jsonl").open("a")
    began = saved = time.monotonic()
    recent = []

    order, order_epoch = None, -1
    per_epoch = examples // recipe.batch
    for step in range(first, last):
        epoch, place = divmod(step, per_epoch)
        if epoch != order_epoch:
            order = torch.randperm(examples, generator=_generator(recipe.seed, 2 * epoch))
            order_epoch = epoch
        batch = order[place * recipe.batch : (place + 1) * recipe.batch]
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step, recipe)

        # Dropout and its like draw from the global generator, so that one follows the step as well.
        torch.manual_seed(_stream(recipe.seed, 2 * step + 1))
        value = loss(network, batch, _generator(recipe.seed, 2 * step + 1))
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        norm = nn.utils.clip_grad_norm_(network.parameters(), recipe.clip)
        optimizer.step()
        averaged.update(network, step)

        recent.append(torch.stack([value.detach(), norm]))
        done = step + 1
        due = time.monotonic() - saved > every_seconds or done == last
        if done % 100 == 0 or due:
            # Only now, since to look at a number is to wait for the device.
            values, norms = torch.stack(recent).T.tolist()
            if not all(map(math.isfinite, norms)):
                raise FloatingPointError(f"gradient is not finite in the {len(norms)} steps before {done}")
        if done % 100 == 0:
            seconds = round(spent + time.monotonic() - began)
            mean = round(sum(values) / len(values), 5)
            line = {"step": done, "loss": mean, "norm": round(norms[-1], 4), "seconds": seconds}
            print(json.dumps(line), file=log, flush=True)
            recent.clear()
        if due:
            _save(folder, network, optimizer, averaged, done, spent + time.monotonic() - began)
            saved = time.monotonic()
    return averaged.weights


def averaged_weights(folder: Path) -> tuple[dict, int]:
    """The averaged weights of the newest checkpoint in `folder`, and its step."""
    checkpoint = torch.load(folder / "checkpoint.pt", weights_only=True, map_location=torch.get_default_device())
    return checkpoint["averaged"], checkpoint["step"]


def rate_at(step: int, recipe: Recipe) -> float:
    """Linear warm-up, then constant, then linear to zero at the last step."""
    up = (step + 1) / recipe.warmup
    down = (recipe.steps - step) / (recipe.decay * recipe.steps)
    return recipe.rate * min(1.0, up, down)


def _generator(seed: int, stream: int) -> torch.Generator:
    return torch.Generator(torch.get_default_device()).manual_seed(_stream(seed, stream))


def _stream(seed: int, stream: int) -> int:
    # A CPU's generator keeps only 32 bits of a seed, so both numbers are hashed into those.
    return int.from_bytes(hashlib.sha256(f"{seed}/{stream}".encode()).digest()[:4], "big")


def _save(folder: Path, network, optimizer, averaged, step: int, seconds: float) -> None:
    partial = folder / "checkpoint.partial"
    state = {
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "averaged": averaged.weights,
        "step": step,
        "seconds": seconds,
    }
    torch.save(state, partial)
    partial.replace(folder / "checkpoint.pt")


def _resume(folder: Path, network, optimizer, averaged) -> tuple[int, float]:
    if not (folder / "checkpoint.pt").exists():
        return 0, 0.0
    state = torch.load(folder / "checkpoint.pt", weights_only=True, map_location="cpu")
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    averaged.weights = {name: value.to(torch.get_default_device()) for name, value in state["averaged"].items()}
    return state["step"], state["seconds"]
