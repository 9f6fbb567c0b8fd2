"""What a scheduler's configuration means in the words of a bundle: process, default sampler, spacing."""

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


def read(config: dict) -> tuple[dict, str, str]:
    """`scheduler_config.json` -> (process, sampler, spacing) of a manifest."""
    name = config["_class_name"]
    if name not in SAMPLERS:
        raise Refused(f"no sampler does what the scheduler {name} does; known are {', '.join(sorted(SAMPLERS))}")
    whole = getattr(diffusers, name).from_config(config).config
    if name == "FlowMatchEulerDiscreteScheduler":
        return _flow(whole), SAMPLERS[name], "trailing"
    if whole.get("trained_betas") is not None or whole["beta_schedule"] not in BETAS:
        raise Refused(f"the scheduler's betas ({whole['beta_schedule']}) are not known")
    kind = BETAS[whole["beta_schedule"]]
    schedule = {"kind": kind, "steps": whole["num_train_timesteps"]}
    if kind != "squared-cosine":
        schedule |= {"betaStart": whole["beta_start"], "betaEnd": whole["beta_end"]}
    if whole.get("rescale_betas_zero_snr"):
        schedule["zeroTerminalSnr"] = True
    if whole.get("steps_offset"):
        schedule["offset"] = whole["steps_offset"]
    if not whole.get("set_alpha_to_one", True):
        schedule["end"] = "first"
    process = {"kind": "vp", "schedule": schedule, "prediction": PREDICTIONS[whole["prediction_type"]]}
    return process, SAMPLERS[name], whole.get("timestep_spacing", "leading")


def _flow(whole: dict) -> dict:
    schedule = {"kind": "continuous", "steps": whole["num_train_timesteps"]}
    if not whole.get("use_dynamic_shifting"):
        schedule["shift"] = whole["shift"]
    return {"kind": "flow", "schedule": schedule, "prediction": "flow"}
