"""Loads the SmolLM2 folder that Cairn made of the GGUF file in transformers and compares it with the
reference's answers.

    smollm2_in_transformers.py FIXTURES

The folder is CAIRN_SMOLLM2. Ends with 77 where that is not set, or transformers or PyTorch are
absent.
"""
import json
import os
import pathlib
import sys

try:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
except ImportError as absent:
    print(f"skipped: {absent}")
    sys.exit(77)

TOLERANCE = 2e-3  # on log-probabilities, as the fixtures' README says


def lines(file):
    return [json.loads(line) for line in file.read_text().splitlines() if line]


def main(folder, fixtures):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    for line in lines(fixtures / "tokenizer.jsonl"):
        ids = tokenizer(line["text"], add_special_tokens=False)["input_ids"]
        assert ids == line["ids"], line["text"]
        assert tokenizer.decode(ids, clean_up_tokenization_spaces=False) == line["decoded"]
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    worst = 0.0
    for line in lines(fixtures / "generations.jsonl"):
        assert tokenizer(line["prompt"], add_special_tokens=False)["input_ids"] == line["ids"]
        with torch.no_grad():
            scores = model(torch.tensor([line["ids"]])).logits[0].double().log_softmax(-1)
        targets = torch.tensor(line["ids"][1:])
        nll = -scores[:-1].gather(1, targets[:, None])[:, 0]
        top = scores[-1][line["next_top20_ids"]]
        for found, wanted in ((nll, line["prompt_nll"]), (top, line["next_top20_logprobs"])):
            worst = max(worst, (found - torch.tensor(wanted)).abs().max().item())
    print(f"largest difference of a log-probability: {worst:.2g}")
    assert worst <= TOLERANCE


if __name__ == "__main__":
    if "CAIRN_SMOLLM2" not in os.environ:
        print("skipped: CAIRN_SMOLLM2 is not set")
        sys.exit(77)
    main(os.environ["CAIRN_SMOLLM2"], pathlib.Path(sys.argv[1]) / "smollm2")
