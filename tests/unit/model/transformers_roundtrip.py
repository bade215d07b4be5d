"""Loads model folders that Cairn wrote in transformers and compares them with their sources.

    transformers_roundtrip.py CAIRN_MODEL FIXTURES

Every checkpoint of the fixtures (and a Llama model and some with YaRN, made here) is written anew by
`cairn-model convert`, in float32 and bfloat16, as one file and as shards. All tensors, the
configuration and the logits must be those of the source; no tensor may be missing or left over.
Ends with 77 where transformers or PyTorch are absent.
"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

try:
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM
    from transformers.utils import logging
except ImportError as absent:
    print(f"skipped: {absent}")
    sys.exit(77)

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
# What a configuration may say differently without another meaning.
SPELLING = {"_name_or_path", "architectures", "dtype", "torch_dtype", "transformers_version",
            "max_window_layers", "sliding_window", "output_router_logits"}


def load(folder, dtype):
    model, info = AutoModelForCausalLM.from_pretrained(
        folder, dtype=dtype, attn_implementation="eager", output_loading_info=True)
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
        assert not info.get(kind), f"{folder}: {kind}: {info[kind]}"
    return model.eval()


def config_of(model):
    config = {k: v for k, v in model.config.to_dict().items() if k not in SPELLING}
    rope = dict(config.get("rope_parameters") or {})
    if rope.get("rope_type") == "yarn":
        rope.setdefault("beta_fast", 32)
        rope.setdefault("beta_slow", 1)
    rope.pop("type", None)
    config["rope_parameters"] = rope
    return config


def compare(source, written):
    ours, theirs = written.state_dict(), source.state_dict()
    assert ours.keys() == theirs.keys(), ours.keys() ^ theirs.keys()
    for name, tensor in theirs.items():
        assert torch.equal(ours[name], tensor), f"tensor {name} differs"
    wanted, found = config_of(source), config_of(written)
    differing = {k: (wanted.get(k), found.get(k)) for k in wanted if wanted.get(k) != found.get(k)}
    assert not differing, f"configuration: {differing}"
    ids = torch.arange(24).remainder(source.config.vocab_size)[None]
    with torch.no_grad():
        assert torch.equal(source(ids).logits, written(ids).logits), "logits differ"
    return len(theirs)


def convert(cairn_model, source, target, *options):
    subprocess.run([cairn_model, "convert", source, target, *options], check=True,
                   stdout=subprocess.DEVNULL)
    files = sorted(p.name for p in target.glob("*.safetensors"))
    index = target / "model.safetensors.index.json"
    if not index.exists():
        assert files == ["model.safetensors"], files
        return 1
    weight_map = json.loads(index.read_text())["weight_map"]
    assert files == sorted(set(weight_map.values())), files
    return len(files)


def made_llama(folder):
    torch.manual_seed(6)
    config = LlamaConfig(vocab_size=160, hidden_size=48, intermediate_size=80, num_hidden_layers=3,
                         num_attention_heads=6, num_key_value_heads=2, rms_norm_eps=1e-5,
                         max_position_embeddings=512, rope_theta=50000.0, eos_token_id=[2, 5],
                         tie_word_embeddings=False)
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def made_yarn(source, folder):
    shutil.copytree(source, folder)
    file = folder / "config.json"
    config = json.loads(file.read_text())
    yarn = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}
    if config.get("rope_parameters"):
        config["rope_parameters"].update(yarn)
    else:
        config["rope_scaling"] = yarn
    file.write_text(json.dumps(config))
    return folder


def main(cairn_model, fixtures):
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        place = pathlib.Path(temporary)
        sources = sorted({p.parent for p in fixtures.glob("qwen3-*/*/config.json")})
        assert sources, f"no checkpoint in {fixtures}"
        yarns = [made_yarn(s, place / f"yarn-{i}") for i, s in enumerate(sources[:2])]
        sources += [made_llama(place / "llama"), *yarns]
        for source in sources:
            size = sum(p.stat().st_size for p in source.glob("*.safetensors"))
            for name, dtype in DTYPES.items():
                reference = load(source, dtype)
                for limit in (size * 4, size // 5):
                    target = place / f"out-{source.name}-{name}-{limit}"
                    shards = convert(cairn_model, source, target, "--dtype", name, "--shard-size",
                                     str(limit))
                    assert (shards > 1) == (limit < size), f"{shards} shards"
                    count = compare(reference, load(target, dtype))
                    print(f"{source.parent.name}/{source.name} {name}, {shards} files: "
                          f"{count} tensors equal")


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]))
