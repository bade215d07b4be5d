"""The peer of bench_model's compute rows: transformers on torch, asked turn by turn.

compute.py THREADS wall|processor, then a request per line on standard input; the answer is a line of JSON.
  {"shape": {...}, "tokens": N}   builds a Llama model of random float32 weights -> {"ready": versions}
  "sgemm"     multiplies two 2048 x 2048 matrices -> {"seconds": s, "flop": n}
  "prefill"   forward, all logits -> {"seconds": s}
  "train"     forward, cross-entropy of all tokens, backward -> {"seconds": s}
"""

import json
import sys
import time

import torch
import transformers


CLOCKS = {"wall": time.perf_counter, "processor": time.process_time}
now = CLOCKS[sys.argv[2]]


def build(request):
    shape = request["shape"]
    torch.manual_seed(1)
    config = transformers.LlamaConfig(**shape, tie_word_embeddings=True)
    model = transformers.LlamaForCausalLM(config).to(torch.float32).eval()
    ids = torch.randint(0, shape["vocab_size"], (1, request["tokens"]))
    return model, ids


def sgemm():
    a = torch.randn(2048, 2048)
    b = torch.randn(2048, 2048)
    torch.mm(a, b)
    start = now()
    torch.mm(a, b)
    return {"seconds": now() - start, "flop": 2 * 2048**3}


def prefill(model, ids):
    start = now()
    with torch.no_grad():
        model(input_ids=ids, use_cache=False)
    return {"seconds": now() - start}


def train(model, ids):
    model.zero_grad(set_to_none=True)
    start = now()
    model(input_ids=ids, labels=ids, use_cache=False).loss.backward()
    return {"seconds": now() - start}


def main():
    torch.set_num_threads(int(sys.argv[1]))
    model = ids = None
    for line in sys.stdin:
        request = json.loads(line)
        if isinstance(request, dict):
            model, ids = build(request)
            answer = {"ready": f"transformers {transformers.__version__}, torch {torch.__version__}"}
        elif request == "sgemm":
            answer = sgemm()
        elif request == "prefill":
            answer = prefill(model, ids)
        else:
            answer = train(model, ids)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
