import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { beginningQuery, previewQuery } from "@/api/artifacts";
import { problemText } from "@/api/problem";
import { CodeText, Empty, Foreign, format, Loading, plain, ProblemBox, ScrollRegion } from "@/design";
import { LongText } from "../records/LongText";
import { textOf } from "../records/qa";
import css from "./Artifacts.module.css";
import { hexLines, readBeginning } from "./bytes";

const most = 64 * 1024; // bytes of a file that are read
const mostHex = 4 * 1024; // of which these are shown where they are no text

interface Props {
  digest: string;
  file: string | undefined;
  bytes: number;
}

// The beginning of a file: text, or bytes where it is none.
export function Bytes({ digest, file, bytes }: Props) {
  const query = useQuery({ ...beginningQuery(digest, file, most), enabled: bytes > 0 });
  const head = useMemo(() => query.data && readBeginning(query.data), [query.data]);
  if (bytes === 0) return <Empty title="The file is empty" />;
  if (query.error) return <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />;
  if (!query.data || !head) return <Loading what="the file" lines={12} />;
  const shown = head.text === undefined ? mostHex : most;
  return (
    <div className={css.content}>
      <p className="muted">
        {bytes > shown ? `The first ${format.bytes(shown)} of ${format.bytes(bytes)}.` : `All of its ${format.bytes(bytes)}.`}
        {head.text === undefined && " These are no text: offset, bytes in hexadecimal, and what of them is ASCII."}
        {head.odd && " Some bytes are no UTF-8 and stand as �."}
      </p>
      {head.text === undefined ? <CodeText label="Bytes" text={hexLines(query.data, mostHex)} /> : <LongText label="Text" text={head.text} />}
    </div>
  );
}

// The first rows or the text that the artifact's kind shows of it; else the beginning of its bytes.
export function Preview({ digest, kind, bytes }: { digest: string; kind: string; bytes: number }) {
  const query = useQuery(previewQuery(digest, kind));
  if (query.isPending) return <Loading what="the preview" lines={12} />;
  if (query.error) return <Bytes digest={digest} file={undefined} bytes={bytes} />;
  const { columns = [], rows = [], text, more } = query.data;
  return (
    <div className={css.content}>
      {text !== undefined && text !== "" && <LongText label="Preview" text={text} />}
      {columns.length > 0 && (
        <ScrollRegion label="Preview" className={plain.wide}>
          <table className={plain.table}>
            <thead>
              <tr>
                {columns.map((name) => (
                  <th key={name} scope="col">
                    <Foreign text={name} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row, at) => (
                <tr key={at}>
                  {row.map((cell: unknown, column) => (
                    <td key={column}>
                      <Foreign text={textOf(cell)} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      )}
      {more && <p className="muted">There is more of it: download it to see all.</p>}
    </div>
  );
}
