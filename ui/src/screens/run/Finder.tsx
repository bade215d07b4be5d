import { useEffect, useRef, useState } from "react";
import { useKey } from "@/app/keys";
import { SearchBox } from "@/design";

const pauseMs = 250;

// A search that is applied in a pause of typing; Enter applies it at once.
export function Finder({ label, value, onSearch }: { label: string; value: string; onSearch: (text: string) => void }) {
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [typed, setTyped] = useState<string>();
  useKey("/", "Search", () => input.current?.select());
  useEffect(() => () => clearTimeout(timer.current), []);
  const apply = (text: string) => {
    clearTimeout(timer.current);
    if (text !== value) onSearch(text);
  };
  return (
    <SearchBox
      ref={input}
      label={label}
      placeholder={label}
      value={typed ?? value}
      onChange={(event) => {
        const text = event.target.value;
        setTyped(text);
        clearTimeout(timer.current);
        timer.current = setTimeout(() => onSearch(text), pauseMs);
      }}
      onBlur={() => {
        if (typed !== undefined) apply(typed);
        setTyped(undefined);
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && typed !== undefined) apply(typed);
        if (event.key === "Escape") event.currentTarget.blur();
      }}
    />
  );
}
