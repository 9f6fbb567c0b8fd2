"""The command line of a training: what all families take and do alike."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn

from models.train import idx
from models.train.trainer import Loss, Recipe, train


def options(
    description: str,
    recipe: Recipe,
    more: Callable = lambda arguments: None,
    data: Path | None = idx.DEBIAN_FASHION_MNIST,
) -> argparse.Namespace:
    """Parses the command line; `more` may add arguments of its own. Without a usual place of the data it has to be named."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("--data", type=Path, default=data, required=data is None)
    arguments.add_argument("--out", type=Path, required=True, help="folder of checkpoints; resumes what is there")
    arguments.add_argument("--steps", type=int, default=recipe.steps)
    arguments.add_argument("--batch", type=int, default=recipe.batch)
    arguments.add_argument("--until", type=int, help="stop before the budget is spent, after this step")
    arguments.add_argument("--threads", type=int, default=1)
    arguments.add_argument("--device", default="cpu", help="where everything lives: cpu or cuda")
    more(arguments)
    options = arguments.parse_args()
    # From here on tensors and networks are made there; what is read of files has to be moved.
    torch.set_default_device(options.device)
    return options


def prepare(options: argparse.Namespace, recipe: Recipe) -> Recipe:
    """Makes what follows deterministic on a CPU, and quick elsewhere. Returns the recipe as the command line changed it."""
    torch.set_num_threads(options.threads)
    on_processor = torch.get_default_device().type == "cpu"
    torch.use_deterministic_algorithms(on_processor)
    torch.set_float32_matmul_precision("highest" if on_processor else "high")
    torch.manual_seed(recipe.seed)
    return replace(recipe, steps=options.steps, batch=options.batch)


def here(read: Tensor) -> Tensor:
    """What was read of a file, on the device of the training."""
    return read.to(torch.get_default_device())


def run(
    options: argparse.Namespace,
    recipe: Recipe,
    network: Callable[[], nn.Module],
    loss: Callable[[Tensor, Tensor], Loss],
) -> dict[str, Tensor]:
    """Trains `network` on Fashion-MNIST's training split, deterministically; `loss` gets its pictures and labels."""
    changed = prepare(options, recipe)
    pictures = here(idx.images(options.data, "train"))
    objective = loss(pictures, here(idx.labels(options.data, "train")))
    fresh = network().to(memory_format=torch.channels_last)
    return train(fresh, objective, len(pictures), changed, options.out, options.until)
