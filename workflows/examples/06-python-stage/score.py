"""Scores responses by the words they share with a reference; keeps the best one of each question.

Input `responses`: JSON Lines {id, question, response, reference}.
Outputs: `scores`, JSON Lines {id, score}; `kept`, the lines of the responses that stay.
"""
import collections
import json
import sys

import cairn_stage


def f1(response, reference):
    """Harmonic mean of precision and recall of the words, each counted as often as it occurs."""
    said = collections.Counter(response.lower().split())
    wanted = collections.Counter(reference.lower().split())
    common = sum((said & wanted).values())
    return 2 * common / (sum(said.values()) + sum(wanted.values()))


stage = cairn_stage.Stage()
with open(stage.input("responses"), encoding="utf-8") as file:
    records = [json.loads(line) for line in file]

# A killed run goes on behind the last score that a checkpoint holds.
scores = stage.resume_state or []
for record in records[len(scores) :]:
    scores.append(f1(record["response"], record["reference"]))
    done = len(scores)
    if done % stage.params["checkpoint_every"] == 0:
        stage.progress(done, len(records), "responses")
        stage.metric("mean_f1", done, sum(scores) / done)
        stage.checkpoint(done, scores)
        if stage.cancelled:
            sys.exit()

best = {}
for record, score in zip(records, scores):
    # Among equals a draw decides, the same one in every attempt.
    rank = (score, stage.random("tie", record["id"]).random())
    if score >= stage.params["least"] and rank > best.get(record["question"], ((-1, 0), None))[0]:
        best[record["question"]] = (rank, record)

with open(stage.output("scores"), "w", encoding="utf-8") as out:
    for record, score in zip(records, scores):
        print(json.dumps({"id": record["id"], "score": score}), file=out)
with open(stage.output("kept"), "w", encoding="utf-8") as out:
    for _, record in best.values():
        print(json.dumps(record), file=out)

stage.progress(len(records), len(records), "responses")
stage.metric("kept", len(records), len(best))
stage.log(f"kept {len(best)} of {len(records)} responses")
