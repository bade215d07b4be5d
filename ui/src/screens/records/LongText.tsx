import { useState } from "react";
import { Button, CodeText, Foreign } from "@/design";
import own from "./Records.module.css";
import { headOf } from "./text";

const step = 20_000; // characters; a browser needs seconds to lay out a line of millions

// A text that may be long: its beginning, and more of it when somebody asks. With a label it stands in a frame of its own.
export function LongText({ label, text }: { label?: string; text: string }) {
  const [shown, setShown] = useState(step);
  const head = headOf(text, shown);
  const rest = text.length - head.length;
  return (
    <>
      {label !== undefined ? (
        <CodeText label={label} text={head} wrap />
      ) : (
        <p className={own.text}>
          <Foreign text={head} />
        </p>
      )}
      {rest > 0 && (
        <p className="muted">
          {rest.toLocaleString("en")} characters more. <Button onClick={() => setShown((before) => before * 5)}>Show more</Button>
        </p>
      )}
    </>
  );
}
