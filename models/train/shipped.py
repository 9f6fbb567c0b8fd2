"""The weights of a shipped TorchScript file, for fine-tuning: freezing turned them into constants without names.

A freshly traced network of the same code has the same constants in the same order, and those we can name.
"""

import io
from pathlib import Path

import torch
from torch import Tensor, nn

from models.train.fashion import network


@torch.inference_mode()
def weights(network: nn.Module, example: tuple[Tensor, ...], file: Path) -> dict[str, Tensor]:
    """State of `network` as the file holds it.

    Raises ValueError when the file is not a frozen trace of this architecture. `network` comes back with other weights.
    """
    # Equal constants would be merged, so every parameter gets values of its own.
    for parameter in network.parameters():
        parameter.copy_(torch.rand_like(parameter))
    # Saving reorders constants, so the fresh one makes the same way.
    saved = io.BytesIO()
    torch.jit.save(torch.jit.freeze(torch.jit.trace(network.eval(), example)), saved)
    saved.seek(0)
    fresh, shipped = _constants(torch.jit.load(saved)), _constants(torch.jit.load(file))
    if [value.shape for value in fresh] != [value.shape for value in shipped]:
        raise ValueError(f"{file} holds another network than {type(network).__name__}")
    state = network.state_dict()
    for name, parameter in network.named_parameters():
        place = next(i for i, value in enumerate(fresh) if torch.equal(value, parameter))
        state[name] = shipped[place].clone()
    return state


def fashion(file: Path) -> dict[str, Tensor]:
    """State of the denoiser of a `fashion` bundle."""
    with torch.device("cpu"):
        return weights(network(), (torch.zeros(2, 1, 28, 28), torch.zeros(2), torch.zeros(2, dtype=torch.long)), file)


def _constants(module: torch.jit.ScriptModule) -> list[Tensor]:
    found = (n.t("value") for n in module.graph.nodes() if n.kind() == "prim::Constant" and _is_tensor(n))
    return [value for value in found if value.dim() > 0]


def _is_tensor(node: torch.Node) -> bool:
    return node.hasAttribute("value") and node.kindOf("value") == "t"
