"""The peer of bench_model's generation rows: transformers on torch, asked turn by turn.

generate.py THREADS, then a request per line on standard input; the answer is a line of JSON.
  {"shape": {...}}   builds a Qwen3 model of random float32 weights -> {"ready": versions}
  {"prompt": P, "samples": N, "tokens": T}   generate(): N greedy samples of one prompt of P tokens,
      T tokens each -> {"seconds": s}
"""

import json
import sys
import time

import torch
import transformers


def build(shape):
    torch.manual_seed(1)
    config = transformers.Qwen3Config(
        **shape, tie_word_embeddings=True, bos_token_id=None, eos_token_id=None, pad_token_id=0
    )
    return transformers.Qwen3ForCausalLM(config).to(torch.float32).eval()


def generate(model, request):
    torch.manual_seed(2)
    prompt = torch.randint(0, model.config.vocab_size, (1, request["prompt"]))
    ids = prompt.repeat(request["samples"], 1)
    start = time.perf_counter()
    with torch.no_grad():
        out = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            do_sample=False,
            max_new_tokens=request["tokens"],
            min_new_tokens=request["tokens"],
        )
    took = time.perf_counter() - start
    assert out.shape == (request["samples"], request["prompt"] + request["tokens"])
    return {"seconds": took}


def main():
    torch.set_num_threads(int(sys.argv[1]))
    transformers.logging.set_verbosity_error()
    model = None
    for line in sys.stdin:
        request = json.loads(line)
        if "shape" in request:
            model = build(request["shape"])
            answer = {"ready": f"transformers {transformers.__version__}, torch {torch.__version__}"}
        else:
            answer = generate(model, request)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
