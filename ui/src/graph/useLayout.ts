import { useEffect, useMemo, useState } from "react";
import { nodeSize, type Room } from "./geometry";
import { layout, type Layout } from "./layout";

// Small graphs are laid out at once, without a blank moment; large ones in a worker.
const atOnce = 300;

export function useLayout(count: number, edges: readonly number[], room: Room): Layout | undefined {
  // The room counts for the choice of the direction only: the picture stays when a window is resized.
  const [firstRoom] = useState(room);
  const input = useMemo(() => ({ count, edges, ...nodeSize }), [count, edges]);
  const quick = useMemo(() => (count <= atOnce ? layout(input, firstRoom) : undefined), [count, input, firstRoom]);
  const [slow, setSlow] = useState<{ input: object; layout: Layout }>();
  useEffect(() => {
    if (count <= atOnce) return;
    const worker = new Worker(new URL("./layout.worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = (event: MessageEvent<{ layout: Layout }>) => {
      setSlow({ input, layout: event.data.layout });
      worker.terminate();
    };
    worker.postMessage({ id: 0, input, room: firstRoom });
    return () => worker.terminate();
  }, [count, input, firstRoom]);
  return quick ?? (slow?.input === input ? slow.layout : undefined);
}
