import type { RecordItem } from "@/api/artifacts";
import { Foreign, format, type Column } from "@/design";
import { membersOf, summaryOf, textOf, type Raw } from "./qa";
import own from "./Records.module.css";

const most = 7; // members that are columns

export interface Shape {
  members: readonly string[];
  says: boolean; // a column with what the record says, such as its question
}

// What columns fit the first records of a list.
export function shapeOf(records: readonly Raw[]): Shape {
  const says = records.some((record) => ["question", "title", "text", "response", "responses"].some((name) => record[name] !== undefined));
  const members = membersOf(records, most).filter((name) => !["question", "title", "text", "response"].includes(name));
  return { members: says ? members.slice(0, 4) : members, says: says || members.length === 0 };
}

const number: Column<RecordItem> = {
  id: "number",
  header: "No.",
  width: "4.5rem",
  end: true,
  from: 26,
  cell: (item) => item.number?.toLocaleString("en") ?? "·",
};

function wrong(item: RecordItem) {
  if (item.error) return <span className={own.wrong}>{item.error}</span>;
  return item.record ? undefined : <span className="muted">{format.bytes(item.bytes ?? item.end - item.offset)} in one line</span>;
}

function cell(item: RecordItem, name: string) {
  const value: unknown = item.record?.[name];
  if (typeof value === "number") return format.number(value);
  return value === undefined || value === null ? "" : <Foreign text={textOf(value)} />;
}

export function columnsOf({ members, says }: Shape): Column<RecordItem>[] {
  const from = (at: number) => (says ? 30 : 20) + at * 9;
  return [
    number,
    ...members.map(
      (name, at): Column<RecordItem> => ({
        id: name,
        header: <Foreign text={name} />,
        width: name === "id" ? "minmax(6rem, 1.2fr)" : says ? "minmax(4.5rem, 0.7fr)" : "minmax(5rem, 1fr)",
        from: at === 0 ? 0 : from(at),
        cell: (item) => (at === 0 && !says ? wrong(item) : undefined) ?? cell(item, name),
      }),
    ),
    ...(says
      ? [
          {
            id: "says",
            header: "Says",
            width: "minmax(8rem, 3fr)",
            cell: (item: RecordItem) => wrong(item) ?? <Foreign text={summaryOf((item.record as Raw | undefined) ?? {})} />,
          },
        ]
      : []),
  ];
}

