"""The reference that `./safelight bench reference` compares with: the Python package `diffusers` and eager PyTorch, with
the weights of a bundle of the `fashion` family.

The loop is the one of the package's own pipelines: both branches of the guidance in one call, the scheduler's step, pixels
at the end. Reads commands from standard input and answers each with one line:

    measure COUNT SECONDS    whole rounds of COUNT pictures at a time for at least SECONDS; answers pictures a second
    picture SEED             answers the pixels of the picture of that seed, as hex
"""

import argparse
import json
import sys
import time
from pathlib import Path

import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler
from diffusers.utils.torch_utils import randn_tensor
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from models.train.unet import UNet  # noqa: E402

# Operation of the TorchScript graph -> the position of its weight among the inputs; a bias follows it.
WEIGHT_AT = {"aten::_convolution": 1, "aten::conv2d": 1, "aten::linear": 1, "aten::group_norm": 2, "aten::embedding": 0}
SCHEDULERS = {"dpmpp-2m": DPMSolverMultistepScheduler, "ddim": DDIMScheduler}


def constants(script: torch.jit.ScriptModule) -> list[tuple[Tensor, Tensor | None]]:
    """Weight and bias of every operation that has them, in the order of execution. Freezing made them constants."""
    found = []
    for node in script.inlined_graph.nodes():
        if node.kind() in WEIGHT_AT:
            inputs = list(node.inputs())[WEIGHT_AT[node.kind()] :][:2]
            tensors = [value.node().t("value") if value.node().hasAttribute("value") else None for value in inputs]
            found.append((tensors[0], None if node.kind() == "aten::embedding" else tensors[1]))
    return found


@torch.inference_mode()
def thawed(path: Path, classes: int, example: tuple[Tensor, ...]) -> nn.Module:
    """The eager network with the weights of its frozen TorchScript; both run the same layers in the same order."""
    network, order = UNet(classes).eval().requires_grad_(False), []
    layers = (nn.Conv2d, nn.Linear, nn.GroupNorm, nn.Embedding)
    hooks = [
        module.register_forward_hook(lambda layer, _inputs, _output: order.append(layer))
        for module in network.modules()
        if isinstance(module, layers)
    ]
    network(*example)
    for hook in hooks:
        hook.remove()
    script = torch.jit.load(path).eval()
    recovered = constants(script)
    assert len(recovered) == len(order), f"{len(recovered)} operations with weights, {len(order)} layers"
    for layer, (weight, bias) in zip(order, recovered):
        layer.weight.copy_(weight)
        if getattr(layer, "bias", None) is not None:
            layer.bias.copy_(bias)
    network = network.to(memory_format=torch.channels_last)
    torch.testing.assert_close(network(*example), script(*example), rtol=1e-4, atol=1e-5)
    return network


class Pipeline:
    def __init__(self, bundle: Path, network: str, sampler: str, steps: int, guidance: float, label: str):
        manifest = json.loads((bundle / "model.json").read_text())
        names = manifest["conditioning"]["classes"]
        self.shape = manifest["latent"]["shape"]
        self.label, self.null = names.index(label), manifest["conditioning"]["nullIndex"]
        self.steps, self.guidance = steps, guidance
        told = {"num_train_timesteps": manifest["process"]["schedule"]["steps"], "prediction_type": "v_prediction"}
        told |= {"beta_schedule": "squaredcos_cap_v2", "timestep_spacing": manifest["defaults"]["spacing"]}
        assert manifest["process"]["schedule"]["kind"] == "squared-cosine"
        assert manifest["process"]["prediction"] == "v"
        if sampler == "ddim":
            told["clip_sample"] = False
        self.scheduler = SCHEDULERS[sampler](**told)
        path = bundle / manifest["networks"]["denoiser"]["file"]
        if network == "torchscript":
            self.network = torch.jit.load(path).eval()
        else:
            randomness = torch.Generator().manual_seed(1)
            x = torch.randn([3, *self.shape], generator=randomness)
            example = x, torch.tensor([999.0, 500.0, 3.0]), torch.tensor([0, self.label, self.null])
            self.network = thawed(path, len(names), example)

    @torch.inference_mode()
    def __call__(self, count: int, seed: int) -> Tensor:
        """Pixels [count, height, width] of 8 bits."""
        generators = [torch.Generator().manual_seed(seed + image) for image in range(count)]
        self.scheduler.set_timesteps(self.steps)
        x = randn_tensor((count, *self.shape), generator=generators) * self.scheduler.init_noise_sigma
        classes = torch.tensor([self.null] * count + [self.label] * count)
        for t in self.scheduler.timesteps:
            both = self.scheduler.scale_model_input(torch.cat([x, x]), t)
            without, conditional = self.network(both, t.float().expand(2 * count), classes).chunk(2)
            v = without + self.guidance * (conditional - without)
            x = self.scheduler.step(v, t, x).prev_sample
        return ((x / 2 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)[:, 0]


def measure(pipeline: Pipeline, count: int, seconds: float) -> float:
    start, pictures = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        pipeline(count, pictures)
        pictures += count
    return pictures / (time.perf_counter() - start)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--bundle", type=Path, required=True)
    arguments.add_argument("--network", choices=["eager", "torchscript"], default="eager")
    arguments.add_argument("--sampler", choices=list(SCHEDULERS), default="dpmpp-2m")
    arguments.add_argument("--steps", type=int, default=25)
    arguments.add_argument("--guidance", type=float, default=2.0)
    arguments.add_argument("--label", default="sneaker")
    arguments.add_argument("--threads", type=int, required=True)
    options = arguments.parse_args()
    torch.set_num_threads(options.threads)
    pipeline = Pipeline(
        options.bundle, options.network, options.sampler, options.steps, options.guidance, options.label
    )
    print("ready", flush=True)
    for line in sys.stdin:
        match line.split():
            case ["measure", count, seconds]:
                print(measure(pipeline, int(count), float(seconds)), flush=True)
            case ["picture", seed]:
                print(pipeline(1, int(seed)).numpy().tobytes().hex(), flush=True)


if __name__ == "__main__":
    main()
