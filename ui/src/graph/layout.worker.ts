// The layout off the page's thread.
import { layout, type LayoutInput } from "./layout";

interface Job {
  id: number;
  input: LayoutInput;
  room: { width: number; height: number };
}

self.onmessage = (event: MessageEvent<Job>) => {
  const { id, input, room } = event.data;
  self.postMessage({ id, layout: layout(input, room) });
};
