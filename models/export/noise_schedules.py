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
