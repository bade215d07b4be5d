"""Encodes texts with HF tokenizers or bpe-qwen on one thread; answers a line of JSON with one.

{"package": "tokenizers" | "bpe-qwen", "folder": of the tokenizer, "document_bytes": int, "texts": [file]}
-> {"version": str, "missing": str | null, "texts": [{"mb_s": float, "tokens": int, "sum": int}]}
Each text is cut into documents of that many bytes, as bench_model cuts it.
Speeds are of processor time, the best of several rounds. `sum` tells two lists of ids apart: sum of id * (position + 1), modulo 2**61 - 1.
"""

import json
import os
import sys
import tempfile
import time
from importlib import metadata

os.environ["TOKENIZERS_PARALLELISM"] = "false"
ROUNDS = 7


def documents(path, size):
    data = open(path, "rb").read()
    out, at = [], 0
    while at < len(data):
        end = min(at + size, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end += 1
        out.append(data[at:end].decode("utf-8"))
        at = end
    return out, len(data)


def measure(encode, path, size):
    docs, total = documents(path, size)
    best, ids = None, []
    for _ in range(ROUNDS):
        begin = time.process_time()
        ids = [encode(doc) for doc in docs]
        took = time.process_time() - begin
        best = took if best is None else min(best, took)
    position, check = 0, 0
    for doc in ids:
        for token in doc:
            position += 1
            check = (check + token * position) % (2**61 - 1)
    return {"mb_s": total / best / 1e6, "tokens": position, "sum": check}


def hf(folder):
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    # The batch call without offsets is the fastest there is.
    return lambda text: tokenizer.encode_batch_fast([text], add_special_tokens=False)[0].ids


def bpe_qwen(folder):
    from bpe_qwen import bpe_qwen as module

    spec = json.load(open(os.path.join(folder, "tokenizer.json"), encoding="utf-8"))
    made = tempfile.mkdtemp()
    json.dump(spec["model"]["vocab"], open(os.path.join(made, "vocab.json"), "w"))
    with open(os.path.join(made, "merges.txt"), "w", encoding="utf-8") as out:
        for merge in spec["model"]["merges"]:
            out.write((merge if isinstance(merge, str) else " ".join(merge)) + "\n")
    return module.QwenTokenizer(made).encode


def answer_to(request):
    answer = {"version": "", "missing": None, "texts": []}
    try:
        package, size = request["package"], request["document_bytes"]
        answer["version"] = metadata.version(package)
        encode = {"tokenizers": hf, "bpe-qwen": bpe_qwen}[package](request["folder"])
        answer["texts"] = [measure(encode, path, size) for path in request["texts"]]
    except BaseException as error:  # a panic of Rust code is no Exception
        answer["missing"] = f"{type(error).__name__}: {error}"[:200]
    return answer


for line in sys.stdin:
    print(json.dumps(answer_to(json.loads(line))), flush=True)
