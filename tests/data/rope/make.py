"""Writes rope.json beside it: rotary frequencies and angles as transformers computes them.

Each case: the config's numbers, `inverse_frequencies`, `scale` (of cosines and sines), and for some
positions the first, middle and last cosine and sine, times scale, in float32.
"""

import json
import pathlib

import torch
import transformers
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

CASES = [
    {"head_dim": 128, "theta": 1e6, "yarn": {"factor": 4.0, "original_max_position_embeddings": 32768}},
    {"head_dim": 128, "theta": 5e6, "yarn": {"factor": 8.0, "original_max_position_embeddings": 32768,
                                             "beta_fast": 24.0, "beta_slow": 2.0, "attention_factor": 1.25}},
    {"head_dim": 64, "theta": 1e5, "yarn": {"factor": 1.0, "original_max_position_embeddings": 8192}},
    {"head_dim": 128, "theta": 1e6},
    {"head_dim": 64, "theta": 1e5},
]
POSITIONS = [0, 1, 4097, 32767, 131071, 262143]


def numbers(case):
    rope = {"rope_theta": case["theta"], "rope_type": "yarn" if "yarn" in case else "default", **case.get("yarn", {})}
    config = transformers.Qwen3Config(hidden_size=256, num_attention_heads=2, head_dim=case["head_dim"],
                                      max_position_embeddings=131072, rope_parameters=rope)
    if "yarn" in case:
        frequencies, scale = ROPE_INIT_FUNCTIONS["yarn"](config, "cpu")
    else:
        rotary = transformers.models.qwen3.modeling_qwen3.Qwen3RotaryEmbedding(config)
        frequencies, scale = rotary.inv_freq, rotary.attention_scaling
    angles = torch.tensor(POSITIONS, dtype=torch.float32)[:, None] * frequencies[None, :]
    half = case["head_dim"] // 2
    picked = [0, half // 2, half - 1]
    return {
        **case,
        "inverse_frequencies": frequencies.tolist(),
        "scale": scale,
        "pairs": picked,
        "positions": POSITIONS,
        "cosines": (angles.cos() * scale)[:, picked].tolist(),
        "sines": (angles.sin() * scale)[:, picked].tolist(),
    }


source = f"transformers {transformers.__version__} on torch {torch.__version__.split('+')[0]}"
text = json.dumps({"source": source, "cases": [numbers(case) for case in CASES]}, indent=1)
pathlib.Path(__file__).with_name("rope.json").write_text(text + "\n")
