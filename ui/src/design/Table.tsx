import { defaultRangeExtractor, useVirtualizer, type Range } from "@tanstack/react-virtual";
import { memo, useEffect, useRef, type CSSProperties, type KeyboardEvent, type ReactNode } from "react";
import { clsx } from "./clsx";
import css from "./Table.module.css";
import { remPixels, useSize } from "./useSize";

export interface Column<Row> {
  id: string;
  header: ReactNode;
  width: string; // of CSS grid: "8rem", "minmax(10rem, 1fr)"
  cell: (row: Row) => ReactNode;
  end?: boolean; // numbers
  // Left out where the table is narrower, in rem; the narrowest tables show what a row is about.
  from?: number;
}

interface TableProps<Row> {
  label: string;
  columns: Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  // Rows in all, where more exist than are loaded.
  count?: number | undefined;
  chosen?: string | undefined; // key
  onOpen?: ((row: Row) => void) | undefined;
  onEnd?: (() => void) | undefined; // the last rows are in sight: load more
  foot?: ReactNode;
}

const overscan = 12; // rows that are drawn beyond each edge
const nearEnd = overscan + 20; // rows below the last in sight, from which more are loaded
const mostFrames = 30; // that a row may take to be drawn

// Of the row that it stands in; -1: of none.
const indexOf = (target: EventTarget) => Number((target as HTMLElement).closest<HTMLElement>("[data-index]")?.dataset.index ?? -1);

// A list that may be long: only the rows in sight exist. j and k (or arrows) move, Enter opens. A row
// that stays the same object is not drawn again.
export function Table<Row>(props: TableProps<Row>) {
  const { label, columns, rows, rowKey, count, chosen, onOpen, onEnd, foot } = props;
  const root = useRef<HTMLDivElement>(null);
  const { width } = useSize(root);
  const rem = remPixels();
  // The row that has the focus is drawn however far out of sight it is: keys go on from it.
  const focused = useRef<{ at: number; key: string }>(undefined);
  const withFocused = (range: Range) => {
    const drawn = defaultRangeExtractor(range);
    if (!focused.current) return drawn;
    const { key } = focused.current;
    let { at } = focused.current;
    if (at >= rows.length || rowKey(rows[at] as Row) !== key) at = rows.findIndex((row) => rowKey(row) === key);
    focused.current = at < 0 ? undefined : { at, key };
    return at < 0 || drawn.includes(at) ? drawn : [...drawn, at].sort((a, b) => a - b);
  };
  const shown = columns.filter((column) => (column.from ?? 0) * rem <= width);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => root.current,
    estimateSize: () => 2.25 * rem,
    overscan,
    rangeExtractor: withFocused,
    getItemKey: (at) => rowKey(rows[at] as Row),
    scrollPaddingStart: 2.25 * rem,
  });
  const items = virtual.getVirtualItems();

  const last = virtual.range?.endIndex ?? 0;
  useEffect(() => {
    if (onEnd && rows.length > 0 && last >= rows.length - nearEnd) onEnd();
  }, [onEnd, last, rows.length]);

  // The row that keys have led to, until it is drawn and has the focus.
  const goal = useRef<number>(undefined);
  const focusRow = (at: number) => {
    const to = Math.min(Math.max(at, 0), rows.length - 1);
    virtual.scrollToIndex(to);
    goal.current = to;
    const reach = (frames: number) => {
      if (goal.current !== to) return;
      const row = root.current?.querySelector<HTMLElement>(`[data-index="${to}"]`);
      if (!row && frames > 0) return void requestAnimationFrame(() => reach(frames - 1));
      goal.current = undefined;
      row?.focus();
    };
    requestAnimationFrame(() => reach(mostFrames));
  };
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = goal.current ?? indexOf(event.target);
    const page = Math.max(1, Math.floor((root.current?.clientHeight ?? 0) / (2.25 * rem)) - 2);
    const moves: Record<string, number> = {
      j: at + 1,
      ArrowDown: at + 1,
      k: at - 1,
      ArrowUp: at - 1,
      Home: 0,
      End: rows.length - 1,
      PageDown: at + page,
      PageUp: at - page,
    };
    const to = moves[event.key];
    if (to !== undefined) focusRow(to);
    else if (event.key === "Enter" && at >= 0) {
      if ((event.target as HTMLElement).dataset.index === undefined) return; // a link or button inside
      onOpen?.(rows[at] as Row);
    } else return;
    event.preventDefault();
  };

  const focusable = items.some((item) => rowKey(rows[item.index] as Row) === chosen) ? chosen : undefined;
  const style = { "--columns": shown.map((column) => column.width).join(" ") } as CSSProperties;
  return (
    <div
      ref={root}
      className={clsx(css.table, css.filled)}
      role="grid"
      aria-label={label}
      aria-rowcount={(count ?? rows.length) + 1}
      style={style}
      tabIndex={-1}
      onKeyDown={onKeyDown}
      onFocus={({ target }) => {
        const at = indexOf(target);
        const row = rows[at];
        focused.current = row && { at, key: rowKey(row) };
      }}
      onBlur={() => (focused.current = undefined)}
    >
      <div className={clsx(css.row, css.head)} role="row" aria-rowindex={1}>
        {shown.map((column) => (
          <div key={column.id} role="columnheader" className={clsx(css.cell, column.end && css.end)}>
            {column.header}
          </div>
        ))}
      </div>
      <div className={css.body} role="rowgroup" style={{ blockSize: virtual.getTotalSize() }}>
        {items.map((item, order) => {
          const row = rows[item.index] as Row;
          const key = rowKey(row);
          return (
            <TableRow
              key={key}
              row={row}
              index={item.index}
              start={item.start}
              columns={shown}
              chosen={key === chosen}
              reachable={focusable === undefined ? order === 0 : key === focusable}
              onOpen={onOpen}
            />
          );
        })}
      </div>
      {foot && <div className={css.foot}>{foot}</div>}
    </div>
  );
}

interface RowProps<Row> {
  row: Row;
  index: number;
  start: number;
  columns: Column<Row>[];
  chosen: boolean;
  reachable: boolean;
  onOpen: ((row: Row) => void) | undefined;
}

function PlainRow<Row>({ row, index, start, columns, chosen, reachable, onOpen }: RowProps<Row>) {
  return (
    // Enter is handled by the grid.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events
    <div
      role="row"
      aria-rowindex={index + 2}
      aria-selected={chosen}
      data-index={index}
      tabIndex={reachable ? 0 : -1}
      className={clsx(css.row, css.entry, chosen && css.chosen)}
      style={{ transform: `translateY(${start}px)` }}
      onClick={(event) => {
        const inner = (event.target as HTMLElement).closest("a, button, input, label");
        if (!inner && !window.getSelection()?.toString()) onOpen?.(row);
      }}
    >
      {columns.map((column) => (
        <div key={column.id} role="gridcell" className={clsx(css.cell, column.end && css.end)}>
          {column.cell(row)}
        </div>
      ))}
    </div>
  );
}

const TableRow = memo(PlainRow, (before, after) => {
  const keys: (keyof RowProps<unknown>)[] = ["row", "index", "start", "chosen", "reachable"];
  return (
    keys.every((key) => before[key] === after[key]) &&
    before.columns.length === after.columns.length &&
    before.columns.every((column, at) => column === after.columns[at])
  );
}) as typeof PlainRow;
