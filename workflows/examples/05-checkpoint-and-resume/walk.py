"""A long walk that can be killed at any time: it goes on from its last checkpoint."""
import os
import sys

import cairn_stage

stage = cairn_stage.Stage()
steps = stage.params["steps"]
state = stage.resume_state or {"place": 0}
first = (stage.resume_step or 0) + 1

for step in range(first, steps + 1):
    # Drawn for this step: a walk that was killed draws the same.
    state["place"] += stage.random("step", step).choice([-1, 1])
    stage.metric("place", step, state["place"])
    stage.progress(step, steps, "steps")
    if step % stage.params["every"] == 0:
        stage.checkpoint(step, state)
    if stage.cancelled:
        stage.checkpoint(step, state)
        sys.exit()
    # An accident, once.
    if step == stage.params["dies_at"] and stage.attempt == 1:
        os.kill(os.getpid(), 9)

with open(stage.output("place"), "w", encoding="utf-8") as out:
    print(state["place"], file=out)
stage.log(f"attempt {stage.attempt} began at step {first}")
