"""What a scheduler's configuration means in the words of a bundle: its process, and what a request gets that says nothing else."""

import inspect
import math

import diffusers

from models.export.checkpoint import Refused

SAMPLERS = {
    "DDIMScheduler": "ddim",
    "DDPMScheduler": "ddpm",
    "DPMSolverMultistepScheduler": "dpmpp-2m",
    "EulerAncestralDiscreteScheduler": "euler-a",
    "EulerDiscreteScheduler": "euler",
    "FlowMatchEulerDiscreteScheduler": "flow-euler",
    "HeunDiscreteScheduler": "heun",
    "LCMScheduler": "lcm",
    "LMSDiscreteScheduler": "lms",
    "PNDMScheduler": "plms",
    "UniPCMultistepScheduler": "unipc",
}
BETAS = {"linear": "linear", "scaled_linear": "scaled-linear", "squaredcos_cap_v2": "squared-cosine"}
PREDICTIONS = {"epsilon": "epsilon", "v_prediction": "v", "sample": "x0"}
# Ways to lay out the noise levels that samplers here have too.
LAYOUTS = {"use_karras_sigmas": "karras", "use_exponential_sigmas": "exponential"}
# What else changes a picture, and what samplers here do; where a configuration says nothing of it, the scheduler's default counts.
DONE = {
    "algorithm_type": ("dpmsolver++",),
    "clip_sample": (False,),
    "euler_at_final": (False,),
    "final_sigmas_type": ("zero",),
    "interpolation_type": ("linear",),
    "lambda_min_clipped": (-math.inf,),
    "lower_order_final": (True,),
    "predict_x0": (True,),
    "sigma_max": (None,),
    "sigma_min": (None,),
    "skip_prk_steps": (True,),
    "solver_order": (2,),
    "solver_type": ("midpoint", "bh2"),
    "thresholding": (False,),
    "timestep_type": ("discrete",),
    "use_beta_sigmas": (False,),
    "use_flow_sigmas": (False,),
    "use_lu_lambdas": (False,),
    "variance_type": (None, "fixed_small"),
}


def read(config: dict) -> tuple[dict, dict]:
    """`scheduler_config.json` -> process and defaults (sampler, spacing, sigmas) of a manifest."""
    name = config["_class_name"]
    if name not in SAMPLERS:
        raise Refused(f"no sampler does what the scheduler {name} does; known are {', '.join(sorted(SAMPLERS))}")
    kind = getattr(diffusers, name)
    whole = kind.from_config(config).config
    if name == "FlowMatchEulerDiscreteScheduler":
        return _flow(whole), {"sampler": SAMPLERS[name], "spacing": "trailing"}
    # Configurations carry along what other schedulers said before.
    own = inspect.signature(kind.__init__).parameters
    odd = [f"{field}: {whole[field]}" for field, known in DONE.items() if field in own and whole[field] not in known]
    if odd:
        raise Refused(f"no sampler does what the scheduler {name} does with {', '.join(odd)}")
    if whole.get("trained_betas") is not None or whole["beta_schedule"] not in BETAS:
        kind = "trained ones" if whole.get("trained_betas") is not None else whole["beta_schedule"]
        raise Refused(f"the scheduler's betas ({kind}) are not known")
    betas = BETAS[whole["beta_schedule"]]
    schedule = {"kind": betas, "steps": whole["num_train_timesteps"]}
    if betas != "squared-cosine":
        schedule |= {"betaStart": whole["beta_start"], "betaEnd": whole["beta_end"]}
    if whole.get("rescale_betas_zero_snr"):
        schedule["zeroTerminalSnr"] = True
    if whole.get("steps_offset"):
        schedule["offset"] = whole["steps_offset"]
    if not whole.get("set_alpha_to_one", True):
        schedule["end"] = "first"
    process = {"kind": "vp", "schedule": schedule, "prediction": PREDICTIONS[whole["prediction_type"]]}
    chosen = {"sampler": SAMPLERS[name], "spacing": whole.get("timestep_spacing", "leading")}
    for field, sigmas in LAYOUTS.items():
        if whole.get(field):
            chosen["sigmas"] = sigmas
    return process, chosen


# Ways to lay out the noise levels of a flow that no sampler here has.
ODD_FLOWS = ("shift_terminal", "use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas", "invert_sigmas", "stochastic_sampling")


def _flow(whole: dict) -> dict:
    odd = [name for name in ODD_FLOWS if whole.get(name)]
    if odd or whole.get("time_shift_type", "exponential") != "exponential":
        raise Refused(f"the scheduler lays out its noise levels in a way that is not known ({', '.join(odd) or 'time_shift_type'})")
    schedule = {"kind": "continuous", "steps": whole["num_train_timesteps"]}
    if whole.get("use_dynamic_shifting"):
        # ln k on a line through two numbers of tokens.
        schedule["sizedShift"] = {
            "fewest": whole["base_image_seq_len"],
            "most": whole["max_image_seq_len"],
            "atFewest": whole["base_shift"],
            "atMost": whole["max_shift"],
        }
    else:
        schedule["shift"] = whole["shift"]
    return {"kind": "flow", "schedule": schedule, "prediction": "flow"}
