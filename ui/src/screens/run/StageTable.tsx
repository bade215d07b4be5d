import { useMemo } from "react";
import type { RunStates, StageState } from "@/api/states";
import type { Structure, StructureStage } from "@/api/types";
import { Foreign, StatusBar, StatusLabel, Table, total, type Column } from "@/design";
import css from "./Run.module.css";

interface Row {
  shape: StructureStage;
  state: StageState | undefined;
  needs: string;
}

const columns: Column<Row>[] = [
  { id: "status", header: "Status", width: "8rem", cell: (row) => <StatusLabel status={row.state?.status ?? "pending"} /> },
  { id: "name", header: "Stage", width: "minmax(8rem, 1fr)", cell: (row) => <Foreign text={row.shape.name} /> },
  { id: "uses", header: "Type", width: "minmax(8rem, 1fr)", from: 40, cell: (row) => <code>{row.shape.uses}</code> },
  {
    id: "tasks",
    header: "Tasks",
    width: "9rem",
    from: 48,
    cell: (row) => row.state && total(row.state.counts) > 1 && <StatusBar counts={row.state.counts} label="Tasks" />,
  },
  { id: "needs", header: "Waits for", width: "minmax(8rem, 2fr)", from: 30, cell: (row) => <Foreign text={row.needs} /> },
];

interface Props {
  structure: Structure;
  states: RunStates;
  chosen: string | undefined;
  onChoose: (stage: string) => void;
}

// The graph in words.
export function StageTable({ structure, states, chosen, onChoose }: Props) {
  const still = useMemo(
    () => structure.stages.map((shape) => shape.needs.map((at) => structure.stages[at]?.name ?? "").join(", ")),
    [structure],
  );
  const rows = useMemo(
    () => structure.stages.map((shape, at): Row => ({ shape, state: states.stages[at], needs: still[at] ?? "" })),
    [structure, states.stages, still],
  );
  return (
    <div className={css.fill}>
      <Table
        label="Stages"
        columns={columns}
        rows={rows}
        rowKey={(row) => row.shape.name}
        chosen={chosen}
        onOpen={(row) => onChoose(row.shape.name)}
      />
    </div>
  );
}
