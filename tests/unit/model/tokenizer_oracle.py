"""What HF tokenizers makes of texts.

tokenizer_oracle.py encode TOKENIZER_JSON TEXTS   one JSON string a line -> one object a line:
    {"ids", "spans" (byte ranges), "decoded", "decoded_without_special"}
tokenizer_oracle.py train TEXTS VOCABULARY        -> the merges that its trainer learns, as pairs
"""

import json
import sys

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers


def lines(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def encode(file, texts):
    tokenizer = Tokenizer.from_file(file)
    for text in lines(texts):
        made = tokenizer.encode(text, add_special_tokens=False)
        at = [0]
        for char in text:
            at.append(at[-1] + len(char.encode("utf-8")))
        print(
            json.dumps(
                {
                    "ids": made.ids,
                    "spans": [[at[begin], at[end]] for begin, end in made.offsets],
                    "decoded": tokenizer.decode(made.ids, skip_special_tokens=False),
                    "decoded_without_special": tokenizer.decode(made.ids, skip_special_tokens=True),
                }
            )
        )


def train(texts, vocabulary):
    pattern = lines(texts)[0]
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=int(vocabulary),
        min_frequency=2,
        show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(lines(texts)[1:], trainer)
    print(json.dumps(json.loads(tokenizer.to_str())["model"]["merges"]))


if sys.argv[1] == "encode":
    encode(sys.argv[2], sys.argv[3])
else:
    train(sys.argv[2], sys.argv[3])
