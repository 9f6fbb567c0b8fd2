"""What importing refuses, what it says, and what a LoRA does to the networks.

    python -m unittest models.tests.test_import
"""

import gzip
import json
import os
import pickle
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from models.export import import_diffusers, noise_schedules, tiny_pipelines
from models.export.checkpoint import Checkpoint, Refused

ROOT = Path(__file__).parents[2]
MERGES = "version\ni n\nt h\na n\nr e\no n"
QUERY = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"
CONVOLUTION = "down_blocks.0.resnets.0.conv1"
TEXT_QUERY = "encoder.layers.0.self_attn.q_proj"


class Trap:
    """Leaves a file behind when somebody unpickles it."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f"touch {self.mark}",)


def answers(bundle: Path) -> tuple[Tensor, Tensor]:
    """What the text network and the denoiser of a bundle say to the same."""
    torch.manual_seed(9)
    text, denoiser = (torch.jit.load(bundle / f"{role}.pt") for role in ("text", "denoiser"))
    with torch.inference_mode():
        read = text(torch.full((1, 77), 5.0), torch.ones(1, 77), torch.zeros(1))
        return read, denoiser(torch.randn(1, 4, 8, 8), torch.tensor([500.0]), read)


class Importing(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.mark = self.folder / "was-run"

    def checkpoint(self) -> Path:
        """A small Stable Diffusion 1 whose tokenizer knows hardly more than letters."""
        words = self.folder / "merges.gz"
        words.write_bytes(gzip.compress(MERGES.encode()))
        torch.manual_seed(1)
        self.pipeline = tiny_pipelines.sd1(words)
        folder = self.folder / "checkpoint"
        self.pipeline.save_pretrained(folder, safe_serialization=True)
        return folder

    def refusal(self, *arguments: str) -> str:
        """What the command says when it refuses; saying it to `sys.exit` ends with status 1."""
        models = self.folder / "models"
        words = ["import", "--models", str(models), *arguments]
        with mock.patch.object(sys, "argv", words), self.assertRaises(SystemExit) as ended:
            import_diffusers.main()
        said = ended.exception.code
        self.assertTrue(said.startswith("cannot import: "), said)
        self.assertNotIn("\n", said)
        self.assertEqual(list(models.glob("*")), [], "nothing is left of it")
        return said

    def imported(self, checkpoint: Path, name: str, *loras: str, switchable: list[str] | None = None) -> dict:
        import_diffusers.run(checkpoint, self.folder / name, name, loras=list(loras), switchable=switchable)
        return json.loads((self.folder / name / "model.json").read_text())

    def pickled(self, file: Path) -> Path:
        file.write_bytes(pickle.dumps(Trap(self.mark)))
        return file


class ImportTest(Importing):
    def test_the_trap_snaps(self) -> None:
        with self.pickled(self.folder / "trap.bin").open("rb") as opened:
            pickle.load(opened)
        self.assertTrue(self.mark.exists())

    def test_a_pickle_is_refused_and_not_read(self) -> None:
        checkpoint = self.checkpoint()
        (checkpoint / "unet" / "diffusion_pytorch_model.safetensors").unlink()
        self.pickled(checkpoint / "unet" / "diffusion_pytorch_model.bin")
        self.assertIn("diffusion_pytorch_model.bin is a pickle", self.refusal(str(checkpoint)))
        self.assertIn("is a pickle", self.refusal(str(self.pickled(self.folder / "model.ckpt"))))
        lora = self.pickled(self.folder / "style.pt")
        self.assertIn("style.pt is a pickle", self.refusal(str(self.checkpoint()), "--lora", f"{lora}:0.5"))
        self.assertFalse(self.mark.exists())

    def test_a_pickle_in_disguise_is_refused(self) -> None:
        checkpoint = self.checkpoint()
        self.pickled(checkpoint / "vae" / "diffusion_pytorch_model.safetensors")
        self.assertIn("is no whole safetensors file", self.refusal(str(checkpoint)))
        self.assertFalse(self.mark.exists())

    def test_other_things_are_refused(self) -> None:
        empty = self.folder / "empty"
        empty.mkdir()
        self.assertIn("has no model_index.json", self.refusal(str(empty)))
        (empty / "model_index.json").write_text('{"_class_name": "KandinskyPipeline"}')
        self.assertIn("a KandinskyPipeline cannot be imported", self.refusal(str(empty)))
        checkpoint = self.checkpoint()
        cut = checkpoint / "vae" / "diffusion_pytorch_model.safetensors"
        cut.write_bytes(cut.read_bytes()[:-100])
        self.assertIn("is no whole safetensors file", self.refusal(str(checkpoint)))

    def test_it_says_one_line(self) -> None:
        words = [sys.executable, "-W", "ignore", "-m", "models.export.import_diffusers", "--models", str(self.folder), "--name", "x"]
        ended = subprocess.run([*words, str(self.checkpoint())], cwd=ROOT, capture_output=True, text=True)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertEqual(ended.stderr, "")
        self.assertEqual(ended.stdout.count("\n"), 1, ended.stdout)

    def test_licence_and_model_card_come_along(self) -> None:
        checkpoint = self.checkpoint()
        (checkpoint / "README.md").write_text("---\ntags:\n- fox\nlicense: creativeml-openrail-m\n---\n# A model")
        (checkpoint / "LICENSE.txt").write_text("You may draw.")
        (checkpoint / "notes.txt").write_text("nobody's business")
        manifest = self.imported(checkpoint, "papers")
        self.assertEqual(manifest["license"]["weights"], "creativeml-openrail-m")
        origin = self.folder / "papers" / "origin"
        self.assertEqual({file.name: file.read_text() for file in origin.iterdir()}, {
            name: (checkpoint / name).read_text() for name in ("README.md", "LICENSE.txt")
        })
        (checkpoint / "README.md").unlink()
        self.assertTrue(self.imported(checkpoint, "without")["license"]["weights"].startswith("unknown"))

    def test_half_precision_says_nearly_the_same(self) -> None:
        checkpoint = self.checkpoint()
        self.imported(checkpoint, "fp32")
        wanted = answers(self.folder / "fp32")
        for precision, kind, close in (("fp16", torch.float16, 0.01), ("bf16", torch.bfloat16, 0.05)):
            import_diffusers.run(checkpoint, self.folder / precision, precision, precision)
            for found, other in zip(answers(self.folder / precision), wanted):
                self.assertEqual(found.dtype, torch.float32, "latents stay float32")
                self.assertLess((found - other).norm() / other.norm(), close)
                self.assertGreater((found - other).abs().max(), 0)
            inside = torch.jit.load(self.folder / precision / "denoiser.pt").inlined_graph
            self.assertIn(str(kind).removeprefix("torch.").replace("bfloat16", "BFloat16").replace("float16", "Half"), str(inside))

    def test_schnell_is_told_no_guidance(self) -> None:
        words = self.folder / "merges.gz"
        words.write_bytes(gzip.compress(MERGES.encode()))
        torch.manual_seed(1)
        pipeline = tiny_pipelines.flux(words, guided=False)
        pipeline.save_pretrained(self.folder / "schnell", safe_serialization=True)
        manifest = self.imported(self.folder / "schnell", "schnell")
        self.assertEqual(manifest["networks"]["denoiser"]["inputs"], ["x", "t", "text"])
        self.assertEqual(manifest["defaults"]["guidance"], 1.0)
        self.assertEqual(manifest["defaults"]["steps"], 4)


class SchedulerTest(unittest.TestCase):
    """What a scheduler says decides the picture: it is taken over, or the import is refused."""

    STABLE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}

    def read(self, kind: str, **config) -> tuple[dict, dict]:
        return noise_schedules.read(self.STABLE | {"_class_name": kind} | config)

    def refusal(self, kind: str, **config) -> str:
        with self.assertRaises(Refused) as refused:
            self.read(kind, **config)
        return str(refused.exception)

    def test_process_and_defaults_are_its_own(self) -> None:
        process, chosen = self.read("DDIMScheduler", clip_sample=False, steps_offset=1, set_alpha_to_one=False)
        schedule = {"kind": "scaled-linear", "steps": 1000, "betaStart": 0.00085, "betaEnd": 0.012, "offset": 1, "end": "first"}
        self.assertEqual(process, {"kind": "vp", "schedule": schedule, "prediction": "epsilon"})
        self.assertEqual(chosen, {"sampler": "ddim", "spacing": "leading"})
        process, chosen = self.read(
            "EulerDiscreteScheduler", prediction_type="v_prediction", rescale_betas_zero_snr=True, timestep_spacing="trailing"
        )
        self.assertEqual((process["prediction"], process["schedule"]["zeroTerminalSnr"]), ("v", True))
        self.assertEqual(chosen, {"sampler": "euler", "spacing": "trailing"})

    def test_noise_levels_laid_out_as_karras_did_are_the_default(self) -> None:
        for kind, sampler in (("DPMSolverMultistepScheduler", "dpmpp-2m"), ("EulerDiscreteScheduler", "euler")):
            _, chosen = self.read(kind, use_karras_sigmas=True)
            self.assertEqual((chosen["sampler"], chosen["sigmas"]), (sampler, "karras"))
        self.assertEqual(self.read("HeunDiscreteScheduler", use_exponential_sigmas=True)[1]["sigmas"], "exponential")

    def test_what_no_sampler_does_is_refused_by_name(self) -> None:
        self.assertIn("algorithm_type: sde-dpmsolver++", self.refusal("DPMSolverMultistepScheduler", algorithm_type="sde-dpmsolver++"))
        self.assertIn("solver_order: 3", self.refusal("UniPCMultistepScheduler", solver_order=3))
        self.assertIn("thresholding: True", self.refusal("DDIMScheduler", clip_sample=False, thresholding=True))
        self.assertIn("clip_sample: True", self.refusal("DDIMScheduler"))
        self.assertIn("skip_prk_steps: False", self.refusal("PNDMScheduler"))
        self.assertIn("KDPM2DiscreteScheduler", self.refusal("KDPM2DiscreteScheduler"))
        self.assertIn("trained", self.refusal("DDIMScheduler", clip_sample=False, trained_betas=[0.1, 0.2]))

    def test_what_another_scheduler_said_before_does_not_matter(self) -> None:
        self.assertEqual(self.read("EulerAncestralDiscreteScheduler", clip_sample=True, solver_order=3)[1]["sampler"], "euler-a")


class LoraTest(Importing):
    RANK, ALPHA, WEIGHT = 2, 4.0, 0.5

    def matrices(self, module: nn.Module, seed: int) -> tuple[Tensor, Tensor]:
        torch.manual_seed(seed)
        outside, inside, *window = module.weight.shape
        return torch.randn(self.RANK, inside, *window), torch.randn(outside, self.RANK, *[1] * len(window))

    def write(self, name: str, tensors: dict[str, Tensor]) -> str:
        save_file({key: value.clone().contiguous() for key, value in tensors.items()}, self.folder / name)
        return f"{self.folder / name}:{self.WEIGHT}"

    def answers(self, name: str, weights: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Of a bundle; to rows of unlike weights, where it has some."""
        if weights is None:
            return answers(self.folder / name)
        torch.manual_seed(9)
        return self.switched(name, weights)

    def test_both_spellings_add_up_down_alpha_over_rank(self) -> None:
        checkpoint = self.checkpoint()
        unet, text = self.pipeline.unet, self.pipeline.text_encoder
        inner = getattr(text, "text_model", text)
        places = [("unet", QUERY, unet, 1), ("unet", CONVOLUTION, unet, 2), ("text_encoder.text_model", TEXT_QUERY, inner, 3)]
        plain, flat = {}, {}
        for front, path, network, seed in places:
            module = network.get_submodule(path)
            down, up = self.matrices(module, seed)
            plain |= {f"{front}.{path}.lora_A.weight": down, f"{front}.{path}.lora_B.weight": up, f"{front}.{path}.alpha": torch.tensor(self.ALPHA)}
            trainer = ("lora_te_text_model_" if "text" in front else "lora_unet_") + path.replace(".", "_")
            flat |= {f"{trainer}.lora_down.weight": down, f"{trainer}.lora_up.weight": up, f"{trainer}.alpha": torch.tensor(self.ALPHA)}
            with torch.no_grad():
                product = torch.einsum("or,ri...->oi...", up.flatten(1), down)
                module.weight += self.WEIGHT * self.ALPHA / self.RANK * product
        self.imported(checkpoint, "untouched")
        self.imported(checkpoint, "plain", self.write("plain.safetensors", plain))
        self.imported(checkpoint, "flat", self.write("flat.safetensors", flat))
        changed = self.folder / "changed"
        self.pipeline.save_pretrained(changed, safe_serialization=True)
        self.imported(changed, "by-hand")
        for found, other in zip(self.answers("by-hand"), self.answers("untouched")):
            self.assertGreater((found - other).abs().max(), 1e-2)
        for name in ("plain", "flat"):
            for found, wanted in zip(self.answers(name), self.answers("by-hand")):
                torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)

    def switched(self, name: str, weights: Tensor) -> tuple[Tensor, Tensor]:
        text = torch.jit.load(self.folder / name / "text.pt")
        denoiser = torch.jit.load(self.folder / name / "denoiser.pt")
        rows = len(weights)
        with torch.inference_mode():
            read = text(torch.full((rows, 77), 5.0), torch.ones(rows, 77), torch.zeros(rows), weights)
            x = torch.randn(1, 4, 8, 8).expand(rows, -1, -1, -1)
            return read, denoiser(x, torch.full((rows,), 500.0), read, weights)

    def test_each_row_has_its_own_weights_of_switchable_ones(self) -> None:
        checkpoint = self.checkpoint()
        unet, text = self.pipeline.unet, self.pipeline.text_encoder
        inner = getattr(text, "text_model", text)
        one, two = {}, {}
        for tensors, front, path, network, seed in [
            (one, "unet", QUERY, unet, 1),
            (one, "unet", CONVOLUTION, unet, 2),
            (one, "text_encoder.text_model", TEXT_QUERY, inner, 3),
            (two, "unet", QUERY, unet, 4),
            (two, "text_encoder.text_model", TEXT_QUERY, inner, 5),
        ]:
            down, up = self.matrices(network.get_submodule(path), seed)
            tensors |= {f"{front}.{path}.lora_A.weight": down, f"{front}.{path}.lora_B.weight": up}
            tensors |= {f"{front}.{path}.alpha": torch.tensor(self.ALPHA)}
        first, second = (self.write(f"{name}.safetensors", tensors) for name, tensors in (("one", one), ("two", two)))
        self.imported(checkpoint, "untouched")
        self.imported(checkpoint, "first", first)
        self.imported(checkpoint, "both", first, second)
        files = [f"{name}={self.folder / name}.safetensors" for name in ("one", "two")]
        manifest = self.imported(checkpoint, "choice", switchable=files)
        self.assertEqual((manifest["format"], manifest["loras"]), (2, ["one", "two"]))
        self.assertEqual(manifest["networks"]["denoiser"]["inputs"][-1], "loras")
        weights = torch.tensor([[0.0, 0.0], [self.WEIGHT, 0.0], [self.WEIGHT, self.WEIGHT]])
        found = self.answers("choice", weights)
        for row, name in enumerate(["untouched", "first", "both"]):
            for mine, merged in zip(found, self.answers(name)):
                torch.testing.assert_close(mine[row : row + 1], merged, rtol=1e-4, atol=1e-4)

    def test_switchable_ones_that_cannot_be_chosen_are_refused(self) -> None:
        checkpoint = str(self.checkpoint())
        self.assertIn("is no NAME=FILE", self.refusal(checkpoint, "--switchable-lora", "style.safetensors"))
        self.assertIn("is no NAME=FILE", self.refusal(checkpoint, "--switchable-lora", "A b=style.safetensors"))
        down, up = self.matrices(self.pipeline.unet.get_submodule(QUERY), 1)
        fits = {f"unet.{QUERY}.lora_A.weight": down, f"unet.{QUERY}.lora_B.weight": up}
        self.write("fits.safetensors", fits)
        twice = [word for _ in range(2) for word in ("--switchable-lora", f"a={self.folder}/fits.safetensors")]
        self.assertIn("two LoRAs are called a", self.refusal(checkpoint, *twice))
        self.write("stranger.safetensors", {key.replace("attn1", "nowhere"): value for key, value in fits.items()})
        self.assertIn("fit nothing here", self.refusal(checkpoint, "--switchable-lora", f"a={self.folder}/stranger.safetensors"))

    def test_half_a_lora_is_refused(self) -> None:
        checkpoint = self.checkpoint()
        down, up = self.matrices(self.pipeline.unet.get_submodule(QUERY), 1)
        fits = {f"unet.{QUERY}.lora_A.weight": down, f"unet.{QUERY}.lora_B.weight": up}
        stranger = {"unet.nowhere.to_q.lora_A.weight": down, "unet.nowhere.to_q.lora_B.weight": up}
        lora = self.write("half.safetensors", fits | stranger)
        self.assertIn("1 of 2 changes fit nothing here, for example unet.nowhere.to_q", self.refusal(str(checkpoint), "--lora", lora))
        lora = self.write("none.safetensors", {"other": down})
        self.assertIn("holds no LoRA that is known here", self.refusal(str(checkpoint), "--lora", lora))

    def test_a_checkpoint_that_is_no_folder_is_refused(self) -> None:
        with self.assertRaises(Refused):
            Checkpoint(self.folder / "nothing")


if __name__ == "__main__":
    unittest.main()
