// What the browser's tab, its history and a screen reader call the page.
import { pages } from "./pages";

const part = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);

export function titleOf(path: string): string {
  const [head = "", id, tab] = path.split("/").filter(Boolean);
  const page = pages.find(({ to }) => to === `/${head}`)?.label;
  const words = head === "runs" && id !== undefined ? [id, tab && part(tab)] : head === "plugins" && id !== undefined ? [id, page] : [page ?? part(head)];
  return [...words, "Cairn"].filter(Boolean).join(" · ");
}
