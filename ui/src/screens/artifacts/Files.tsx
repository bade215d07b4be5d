import { useEffect, useState } from "react";
import { contentUrl } from "@/api/artifacts";
import { clsx, Foreign, format, Icon, Table, type Column } from "@/design";
import { Finder } from "../run/Finder";
import css from "./Artifacts.module.css";

interface File {
  name: string;
  bytes: number;
}

interface Props {
  digest: string;
  files: readonly File[];
  shown: string | undefined;
  more: (() => void) | undefined; // where more names follow
  onFile: (name: string) => void;
  aside: boolean; // a record stands beside it: the list has little room
}

const searchFrom = 12; // files: fewer are seen at a glance

// The files of a folder: thousands are no burden.
export function Files({ digest, files, shown, more, onFile, aside }: Props) {
  const [q, setQ] = useState("");
  const [columns] = useState<Column<File>[]>(() => [
    { id: "name", header: "File", width: "minmax(6rem, 1fr)", cell: (file) => <span title={file.name}><Foreign text={file.name} /></span> },
    { id: "bytes", header: "Size", width: "5rem", end: true, cell: (file) => format.bytes(file.bytes) },
    {
      id: "get",
      header: "",
      width: "2.75rem",
      from: 15,
      cell: (file) => (
        <a href={contentUrl(digest, file.name)} download title="Download" aria-label={`Download ${file.name}`}>
          <Icon name="download" />
        </a>
      ),
    },
  ]);
  const words = q.toLowerCase();
  const rows = words ? files.filter((file) => file.name.toLowerCase().includes(words)) : files;
  // What is looked for may be on a page that nobody has scrolled to.
  useEffect(() => {
    if (words && rows.length === 0) more?.();
  }, [words, rows.length, more]);
  return (
    <section className={clsx(css.files, aside && css.filesAside)} aria-label="Files">
      {files.length >= searchFrom && (
        <div className={css.find}>
          <Finder label="Search files" value={q} onSearch={setQ} />
        </div>
      )}
      <div className={css.list}>
        <Table
          label="Files"
          columns={columns}
          rows={rows}
          rowKey={(file) => file.name}
          chosen={shown}
          onOpen={(file) => onFile(file.name)}
          onEnd={more}
          foot={`${rows.length.toLocaleString("en")}${more ? "+" : ""} ${rows.length === 1 ? "file" : "files"}`}
        />
      </div>
    </section>
  );
}
