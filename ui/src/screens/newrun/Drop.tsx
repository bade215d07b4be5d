import { useState, type DragEvent, type ReactNode } from "react";
import { clsx, useToast } from "@/design";
import css from "./NewRun.module.css";

const mostBytes = 4 << 20; // that the server reads of a workflow

export async function readFile(file: File): Promise<string> {
  if (file.size > mostBytes) throw new Error(`${file.name} is larger than 4 MiB. A workflow is text of less.`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`${file.name} is no UTF-8 text. Choose a workflow file.`);
  }
}

// Where a file can be dropped. The button "Open a file…" does the same for those without a pointer.
export function Drop({ children, onText }: { children: ReactNode; onText: (text: string) => void }) {
  const [over, setOver] = useState(false);
  const toast = useToast();
  const drag = (event: DragEvent, begins: boolean) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    setOver(begins);
  };
  return (
    <div
      className={clsx(css.editor, over && css.over)}
      role="presentation"
      onDragOver={(event) => drag(event, true)}
      onDragLeave={(event) => drag(event, false)}
      onDropCapture={(event) => {
        const file = event.dataTransfer.files[0];
        if (!file) return;
        event.preventDefault();
        event.stopPropagation();
        setOver(false);
        void readFile(file).then(onText, (error: Error) => toast({ text: error.message, failed: true }));
      }}
    >
      {children}
    </div>
  );
}
