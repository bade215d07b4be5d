import { useEffect, useRef, useState } from "react";
import { problemText } from "@/api/problem";
import { logUrl, type LogPlace, type TaskPath } from "@/api/reading";
import type { LogsSearch } from "@/app/readingSearch";
import { Button, buttonClass, clsx, useToast } from "@/design";
import bars from "../run/Reading.module.css";
import { isFiltered, readFiltered, shownPlace } from "./filtered";

// The whole file as it is, or the lines that the filter leaves.
export function Download({ task, search }: { task: TaskPath; search: LogsSearch }) {
  const place = shownPlace(search);
  return (
    <span className={clsx(bars.group, bars.end)}>
      {isFiltered(place) && <DownloadFiltered key={JSON.stringify(place)} task={task} place={place} />}
      <a className={buttonClass()} href={logUrl(task, search)} download>
        Download
      </a>
    </span>
  );
}

function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // the browser may still be reading it
}

function DownloadFiltered({ task, place }: { task: TaskPath; place: LogPlace }) {
  const [share, setShare] = useState<number>();
  const stop = useRef<AbortController>(undefined);
  const toast = useToast();
  useEffect(() => () => stop.current?.abort(), []);
  const load = () => {
    const control = new AbortController();
    stop.current = control;
    setShare(0);
    readFiltered(task, place, control.signal, setShare)
      .then(
        ({ blob, attempt, lines }) => {
          save(blob, `${task.stage.replaceAll(/[^\w.-]+/g, "_")}-${attempt}-filtered.log`);
          toast({ text: `${lines.toLocaleString("en")} lines downloaded` });
        },
        (failure: unknown) => {
          if (!control.signal.aborted) toast({ text: problemText(failure as Error).title, failed: true });
        },
      )
      .finally(() => setShare(undefined));
  };
  return share === undefined ? (
    <Button onClick={load}>Download filtered</Button>
  ) : (
    <Button onClick={() => stop.current?.abort()}>Stop ({Math.floor(share * 100)} %)</Button>
  );
}
