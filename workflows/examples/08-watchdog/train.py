"""A training that diverges when its learning rate is too large."""
import sys

import cairn_stage

stage = cairn_stage.Stage()
weight = stage.resume_state or 4.0

for step in range((stage.resume_step or 0) + 1, 41):
    # Gradient descent on weight squared.
    weight -= stage.params["rate"] * 2 * weight
    stage.metric("loss", step, weight * weight)
    stage.progress(step, 40, "steps")
    if step % 5 == 0:
        stage.checkpoint(step, weight)
    if stage.cancelled:
        sys.exit()

with open(stage.output("weight"), "w", encoding="utf-8") as out:
    print(f"{weight:.6f}", file=out)
