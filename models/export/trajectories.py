"""Writes the trajectories that the Java samplers are compared with: what the schedulers of the Python package `diffusers`
make of a small synthetic network.

    python3.11 -m venv .venv && .venv/bin/pip install -r models/export/requirements.txt
    .venv/bin/python -m models.export.trajectories --out common/src/test/resources/parity/trajectories.json

The network, the start and the noise are closed forms that any language can repeat (`network` and `waves` below), so the
file holds only the latents: the start and the latent after every step, in the scale of the process, x = a*x0 + s*z. All
runs in float64: the schedulers ask for float32 by name, and the name is lent to float64 while they run.

Where the reference is known to be wrong, "published" is what it computes and "latents" what it computes once mended; "why"
says what is wrong.
"""

import argparse
import contextlib
import json
import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import diffusers
import numpy as np
import torch
from torch import Tensor

SIZE = 5
TRAIN_STEPS = 1000
SCHEDULES = {
    "scaled-linear": {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012},
    "linear": {"beta_schedule": "linear", "beta_start": 0.0001, "beta_end": 0.02},
    "squared-cosine": {"beta_schedule": "squaredcos_cap_v2"},
}
PREDICTIONS = {"epsilon": "epsilon", "v": "v_prediction"}
SPACINGS = ("leading", "trailing", "linspace")
# Of these, a latent is x / a: the step's own variable of Karras et al. 2022.
SCALED = ("EulerDiscrete", "EulerAncestralDiscrete", "HeunDiscrete", "LMSDiscrete")
FLOAT32 = torch.float32


@contextlib.contextmanager
def double_precision() -> Iterator[None]:
    torch.float32, single = torch.float64, np.float32
    np.float32 = np.float64
    try:
        yield
    finally:
        torch.float32, np.float32 = FLOAT32, single


def network(x: Tensor, t: float) -> Tensor:
    """Element k: (0.3 + 0.6 t/1000) x_k + 0.2 sin(2 x_(k+1) + 0.01 t + k), the index k + 1 wrapping around."""
    k = torch.arange(SIZE, dtype=torch.float64)
    return (0.3 + 0.6 * t / 1000) * x + 0.2 * torch.sin(2 * x.roll(-1, dims=1) + 0.01 * t + k)


def waves(draw: int) -> Tensor:
    """Stands in for noise. Draw 0 is the start, then one a call: 1.2 sin(2.1 draw^2 + 0.7 draw + 1.9 k + 0.5)."""
    k = torch.arange(SIZE, dtype=torch.float64)
    return 1.2 * torch.sin(2.1 * draw * draw + 0.7 * draw + 1.9 * k + 0.5).unsqueeze(0)


class Draws:
    """The noise of one run, in the order in which the reference asks for it."""

    def __init__(self, seed: int | None):
        self.generator = None if seed is None else torch.Generator().manual_seed(seed)
        self.made = 0

    def __call__(self, *_: object, **__: object) -> Tensor:
        self.made += 1
        if self.generator is None:
            return waves(self.made - 1)
        return torch.randn([1, SIZE], generator=self.generator, dtype=FLOAT32).double()


class MendedMultistepScheduler(diffusers.DPMSolverMultistepScheduler):
    """The noisy third-order step with the signs that the expansion of exp(-2h) gives."""

    def multistep_dpm_solver_third_order_update(self, outputs: list, sample: Tensor, noise: Tensor) -> Tensor:
        at = [self._sigma_to_alpha_sigma_t(self.sigmas[self.step_index + 1 - back]) for back in range(4)]
        to, now, before, earlier = [torch.log(a) - torch.log(s) for a, s in at]
        h, r0, r1 = to - now, (now - before) / (to - now), (before - earlier) / (to - now)
        d0, d1 = (outputs[-1] - outputs[-2]) / r0, (outputs[-2] - outputs[-3]) / r1
        second = (d0 - d1) / (r0 + r1)
        first = d0 + r0 * second
        (a, s), whole = at[0], 2 * h
        gone = 1 - torch.exp(-whole)
        moved = gone * outputs[-1] + (1 - gone / whole) * first - ((whole - gone) / whole**2 - 0.5) * second
        return s / at[1][1] * torch.exp(-h) * sample + a * moved + s * gone**0.5 * noise


def scheduler_of(name: str, **config: object):
    kind = MendedMultistepScheduler if name == "MendedMultistep" else getattr(diffusers, name + "Scheduler")
    known = kind.__init__.__wrapped__ if hasattr(kind.__init__, "__wrapped__") else kind.__init__
    names = known.__code__.co_varnames[: known.__code__.co_argcount]
    unknown = [key for key in config if key not in names]
    if unknown:
        raise ValueError(f"{name} does not know {unknown}")
    return kind(**config)


def process_scale(name: str, scheduler, x: Tensor, step: int) -> list[float]:
    if name in SCALED:
        x = x / (scheduler.sigmas[step] ** 2 + 1) ** 0.5
    return [float(f"{value:.8g}") for value in x[0].tolist()]


def run(name: str, steps: int, seed: int | None, config: dict, stepping: dict, mend: Callable | None) -> list:
    """All latents of one walk. `mend(scheduler, index)` is called before every call of the scheduler's step."""
    scheduler = scheduler_of(name, **config)
    draws = Draws(seed)
    for kind in type(scheduler).__mro__:
        module = sys.modules[kind.__module__]
        if hasattr(module, "randn_tensor"):
            module.randn_tensor = draws
    sigmas = stepping.pop("sigmas", None)
    scheduler.set_timesteps(sigmas=sigmas) if sigmas is not None else scheduler.set_timesteps(steps)
    x = draws() * getattr(scheduler, "init_noise_sigma", 1.0)
    latents = [process_scale(name, scheduler, x, 0)]
    as_noise = stepping.pop("as_noise", False)
    for index, t in enumerate(scheduler.timesteps):
        if mend is not None:
            mend(scheduler, index)
        seen = scheduler.scale_model_input(x, t) if hasattr(scheduler, "scale_model_input") else x
        output = network(seen, float(t))
        if as_noise:
            a = scheduler.alphas_cumprod[t] ** 0.5
            output = a * output + (1 - a * a) ** 0.5 * seen
        x = scheduler.step(output, t, x, **stepping).prev_sample
        last = index == len(scheduler.timesteps) - 1
        # A step of Heun's method is two calls, but for the last.
        if name == "HeunDiscrete" and not scheduler.state_in_first_order and not last:
            continue
        if name == "PNDM" and index == 0 and not last:
            continue
        assert x.dtype == torch.float64
        latents.append(process_scale(name, scheduler, x, getattr(scheduler, "step_index", None) or -1))
    return latents


def times_of(name: str, steps: int, config: dict) -> list[int]:
    scheduler = scheduler_of(name, **config)
    scheduler.set_timesteps(steps)
    return [int(t) for t in scheduler.timesteps]


def stride_from_the_list(times: list[int]) -> Callable:
    """The reference takes t - T // N for the time before t; let T // N be the distance to the next of its own list."""

    def mend(scheduler, index: int) -> None:
        following = times[index + 1] if index + 1 < len(times) else -1
        scheduler.register_to_config(num_train_timesteps=times[index] - following)
        scheduler.num_inference_steps = 1

    return mend


def stride_of_plms(times: list[int]) -> Callable:
    """The same for the list of PLMS, whose second time stands in it twice; its second call steps back up to the first."""
    distinct = times[:1] + times[2:]

    def mend(scheduler, index: int) -> None:
        position = max(0, index - 1)
        following = distinct[position + 1] if position + 1 < len(distinct) else -1
        scheduler.register_to_config(num_train_timesteps=distinct[position] - following)
        scheduler.num_inference_steps = 1

    return mend


STRIDE = "the reference steps to t - T // N, which is not the next time of its list"
V_HISTORY = "the reference averages velocities of different times before it makes noise of them"


class Collection:
    def __init__(self) -> None:
        self.trajectories: list[dict] = []

    def add(
        self,
        sampler: str,
        name: str,
        steps: int,
        schedule: str = "scaled-linear",
        prediction: str = "epsilon",
        spacing: str = "leading",
        seed: int | None = None,
        process: dict | None = None,
        options: dict | None = None,
        config: dict | None = None,
        stepping: dict | None = None,
        mended: Callable[[dict], list] | None = None,
        why: str | None = None,
    ) -> None:
        """`process` and `options` are what the Java side sets; `config` and `stepping` tell the reference the same."""
        told = SCHEDULES[schedule] | {
            "num_train_timesteps": TRAIN_STEPS,
            "prediction_type": PREDICTIONS[prediction],
            "timestep_spacing": spacing,
        }
        told |= config or {}
        if name in ("DDPM", "DDIM", "LCM"):
            told["clip_sample"] = False
        latents = run(name, steps, seed, told, dict(stepping or {}), None)
        entry = {
            "sampler": sampler,
            "process": {"schedule": schedule} | (process or {}),
            "prediction": prediction,
            "spacing": spacing,
            "steps": steps,
            "options": options or {},
        }
        if seed is not None:
            entry["torchSeed"] = seed
        if why is not None:
            entry |= {"why": why, "published": latents}
            if mended is None:
                self.trajectories.append(entry)
                return
            latents = mended(told)
        self.trajectories.append(entry | {"latents": latents})

    def add_flow(self, steps: int, shift: float) -> None:
        """N sigmas from 1 down to 1/T, shifted by the scheduler."""
        sigmas = np.linspace(1.0, 1 / TRAIN_STEPS, steps)
        entry = {
            "sampler": "flow-euler",
            "process": {"schedule": "flow", "shift": shift},
            "prediction": "flow",
            "spacing": "linspace",
            "steps": steps,
            "options": {},
        }
        if shift != 1:
            published = run("FlowMatchEulerDiscrete", steps, None, {"shift": shift}, {}, None)
            entry |= {"why": "left alone, the reference shifts the lowest sigma twice", "published": published}
        latents = run("FlowMatchEulerDiscrete", steps, None, {"shift": shift}, {"sigmas": sigmas}, None)
        self.trajectories.append(entry | {"latents": latents})


def ddpm_and_ddim(to: Collection) -> None:
    def mended(steps: int, **stepping: object) -> Callable[[dict], list]:
        return lambda told: run(
            "DDIM", steps, None, told, dict(stepping), stride_from_the_list(times_of("DDIM", steps, told))
        )

    for prediction in PREDICTIONS:
        for spacing in SPACINGS:
            for steps in (5, 12):
                to.add("ddpm", "DDPM", steps, prediction=prediction, spacing=spacing)
                # Trailing lists whose stride is a whole number happen to be right.
                right = spacing == "leading" or (spacing == "trailing" and TRAIN_STEPS % steps == 0)
                for eta in (0.0, 0.6):
                    to.add(
                        "ddim",
                        "DDIM",
                        steps,
                        prediction=prediction,
                        spacing=spacing,
                        options={"eta": eta},
                        stepping={"eta": eta},
                        mended=None if right else mended(steps, eta=eta),
                        why=None if right else STRIDE,
                    )
        for schedule in ("linear", "squared-cosine"):
            to.add("ddpm", "DDPM", 10, schedule, prediction)
            to.add("ddim", "DDIM", 10, schedule, prediction, options={"eta": 1.0}, stepping={"eta": 1.0})
    to.add("ddpm", "DDPM", 10, options={"variance": "large"}, config={"variance_type": "fixed_large"})
    to.add("ddim", "DDIM", 1)
    to.add("ddim", "DDIM", 25, options={"eta": 0.0})
    to.add(
        "ddim",
        "DDIM",
        10,
        process={"offset": 1, "end": "first"},
        config={"set_alpha_to_one": False, "steps_offset": 1},
    )
    for name, sampler in (("DDPM", "ddpm"), ("DDIM", "ddim")):
        to.add(
            sampler,
            name,
            10,
            prediction="v",
            spacing="trailing",
            process={"zeroTerminalSnr": True},
            config={"rescale_betas_zero_snr": True},
        )


def plms(to: Collection) -> None:
    for prediction in PREDICTIONS:
        for spacing in SPACINGS:
            for steps in (2, 5, 12):
                right = spacing == "leading" or (spacing == "trailing" and TRAIN_STEPS % steps == 0)
                why = V_HISTORY if prediction == "v" else None if right else STRIDE
                mended = None

                if why is not None:
                    # A velocity is turned into noise before the reference gets to see it.
                    def mended(told: dict, steps: int = steps, prediction: str = prediction) -> list:
                        as_noise = told | {"prediction_type": "epsilon"}
                        stride = stride_of_plms(times_of("PNDM", steps, told))
                        return run("PNDM", steps, None, as_noise, {"as_noise": prediction == "v"}, stride)

                to.add(
                    "plms",
                    "PNDM",
                    steps,
                    prediction=prediction,
                    spacing=spacing,
                    config={"skip_prk_steps": True, "set_alpha_to_one": True},
                    mended=mended,
                    why=why,
                )
    to.add(
        "plms",
        "PNDM",
        10,
        process={"offset": 1, "end": "first"},
        config={"skip_prk_steps": True, "set_alpha_to_one": False, "steps_offset": 1},
    )


def over_sigma(to: Collection) -> None:
    """Methods that step in sigma."""
    karras = {"sigmas": "karras"}, {"use_karras_sigmas": True}
    exponential = {"sigmas": "exponential"}, {"use_exponential_sigmas": True}
    zero_snr = {"zeroTerminalSnr": True}, {"rescale_betas_zero_snr": True}
    for sampler, name in (
        ("euler", "EulerDiscrete"),
        ("euler-a", "EulerAncestralDiscrete"),
        ("heun", "HeunDiscrete"),
        ("lms", "LMSDiscrete"),
        ("dpmpp-2m", "DPMSolverMultistep"),
        ("dpmpp-2m-sde", "DPMSolverMultistep"),
        ("unipc", "UniPCMultistep"),
    ):
        own = {"algorithm_type": "sde-dpmsolver++"} if sampler == "dpmpp-2m-sde" else {}
        for prediction in PREDICTIONS:
            for spacing in SPACINGS:
                for steps in (5, 12):
                    to.add(sampler, name, steps, prediction=prediction, spacing=spacing, config=own)
            to.add(sampler, name, 10, "linear", prediction, config=own)
        to.add(sampler, name, 20, spacing="trailing", config=own)
        to.add(sampler, name, 10, "squared-cosine", "v", "trailing", config=own)
        to.add(sampler, name, 10, process={"offset": 1}, config=own | {"steps_offset": 1})
        if name != "EulerAncestralDiscrete":
            for levels, told in (karras, exponential):
                # From the spaced list, or from the whole table and then alike for all spacings.
                for prediction in PREDICTIONS:
                    for spacing in SPACINGS:
                        to.add(sampler, name, 8, "scaled-linear", prediction, spacing, options=levels, config=own | told)
        if name not in ("HeunDiscrete", "LMSDiscrete"):
            to.add(sampler, name, 8, prediction="v", spacing="trailing", process=zero_snr[0], config=own | zero_snr[1])
    for order in (1, 3):
        for steps in (5, 12):
            to.add("unipc", "UniPCMultistep", steps, options={"order": order}, config={"solver_order": order})
    # Third order: half of the coefficient makes it second order, and the noisy variant has a sign wrong.
    for steps in (5, 12, 20):
        told = {"solver_order": 3}
        name = "DPMSolverMultistep"
        to.add("dpmpp-3m", name, steps, options={"correction": 1}, config=told)
        to.add("dpmpp-3m", name, steps, config=told, why="the reference halves the third-order term: second order")
        to.add(
            "dpmpp-3m-sde",
            name,
            steps,
            options={"correction": 1},
            config=told | {"algorithm_type": "sde-dpmsolver++"},
            mended=lambda told, steps=steps: run("MendedMultistep", steps, None, told, {}, None),
            why="the reference has the signs of its derivative terms wrong",
        )


def lcm_and_flow(to: Collection) -> None:
    for prediction in PREDICTIONS:
        for steps in (1, 4, 8):
            to.add("lcm", "LCM", steps, prediction=prediction)
    for steps in (4, 10):
        for shift in (1.0, 3.0):
            to.add_flow(steps, shift)
    to.add_flow(1, 1.0)


def with_torch_noise(to: Collection) -> None:
    """Start and noise from torch.Generator().manual_seed(seed), to show that draws come in the same order."""
    to.add("ddpm", "DDPM", 10, spacing="trailing", seed=7)
    to.add("ddim", "DDIM", 10, options={"eta": 1.0}, stepping={"eta": 1.0}, seed=8)
    to.add("euler", "EulerDiscrete", 10, spacing="trailing", seed=9)
    to.add("euler-a", "EulerAncestralDiscrete", 10, spacing="trailing", seed=10)
    to.add("dpmpp-2m-sde", "DPMSolverMultistep", 10, config={"algorithm_type": "sde-dpmsolver++"}, seed=11)
    to.add("lcm", "LCM", 4, seed=12)


def time_lists() -> dict:
    """For every N a checksum of the reference's list of times: the sum of (i + 1) t_i. Two grids, three spacings."""
    lists = {}
    for grid, name in (("whole", "DDIM"), ("whole-without-lowest", "DPMSolverMultistep")):
        for spacing in SPACINGS:
            sums, longer = [], []
            for steps in range(1, TRAIN_STEPS + 1):
                times = times_of(name, steps, {"timestep_spacing": spacing})
                if len(times) > steps:
                    assert times[-1] == -1
                    longer.append(steps)
                    times = times[:-1]
                sums.append(sum((i + 1) * t for i, t in enumerate(times)))
            lists[f"{grid} {spacing}"] = {"sums": sums, "withAnExtraTime": longer}
    return lists


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--out", type=Path, required=True)
    options = arguments.parse_args()
    torch.set_num_threads(1)
    to = Collection()
    with double_precision():
        for part in (ddpm_and_ddim, plms, over_sigma, lcm_and_flow, with_torch_noise):
            part(to)
        lists = time_lists()
    versions = {"diffusers": diffusers.__version__, "torch": torch.__version__.split("+")[0]}
    lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in to.trajectories)
    text = f'{{"versions":{json.dumps(versions)},\n"timeLists":{json.dumps(lists, separators=(",", ":"))},\n'
    text += f'"trajectories":[\n{lines}\n]}}\n'
    assert all(math.isfinite(v) for e in to.trajectories for k in ("latents", "published") for x in e.get(k, []) for v in x)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(text)
    print(f"{len(to.trajectories)} trajectories in {options.out}, {len(text)} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
