import { useCallback, useState } from "react";
import { useQuery } from "@tanstack/react-query";
import { statesQuery, structureQuery } from "@/api/queries";
import type { RunRow } from "@/api/types";
import { PopupMenu, type MenuItem } from "@/design";
import { RunActions } from "../actions/RunActions";

interface Props {
  row: RunRow;
  at: DOMRect;
  more: MenuItem[];
  onClose: () => void; // of the list; a dialog that it opened stays
}

// The actions of a run in the list: those of its own page, and comparing it.
export function RowMenu({ row, at, more, onClose }: Props) {
  const [open, setOpen] = useState(true);
  const close = useCallback(() => {
    setOpen(false);
    onClose();
  }, [onClose]);
  // Whether it asks something is told by its own documents alone.
  const waits = row.status === "waiting" || row.status === "running";
  const states = useQuery({ ...statesQuery(row.id), enabled: waits }).data;
  const structure = useQuery({ ...structureQuery(row.id), enabled: row.status === "waiting" }).data;
  return (
    <RunActions
      run={row}
      status={row.status}
      states={states}
      structure={structure}
      more={more}
      menu={(items) => open && <PopupMenu label={`Actions of ${row.name}`} items={items} at={at} onClose={close} />}
    />
  );
}
