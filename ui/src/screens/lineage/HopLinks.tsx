import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { Button, Foreign, Icon } from "@/design";
import type { Hop } from "./hops";
import css from "./Lineage.module.css";

const first = 4; // that are shown before somebody asks for all

// Hops as links; of many the first.
export function HopLinks({ title, run, hops }: { title: string; run: string; hops: readonly Hop[] }) {
  const [all, setAll] = useState(false);
  if (hops.length === 0) return null;
  const shown = all ? hops : hops.slice(0, first);
  return (
    <section className={css.hops}>
      <h3>{title}</h3>
      <ul>
        {shown.map((hop) => (
          <li key={`${hop.run} ${hop.at ?? ""} ${hop.label}`}>
            <HopLink hop={hop} />
            {hop.run !== run && <span className="muted"> in run {hop.run}</span>}
          </li>
        ))}
        {hops.length > shown.length && (
          <li>
            <Button kind="plain" onClick={() => setAll(true)}>
              {hops.length - shown.length} more
            </Button>
          </li>
        )}
      </ul>
    </section>
  );
}

function HopLink({ hop: { label, run, at, id, q, rollouts } }: { hop: Hop }) {
  const inside = (
    <>
      <Icon name="right" /> <Foreign text={label} />
    </>
  );
  if (rollouts?.step !== undefined)
    return (
      <Link to="/runs/$run/rollouts/group" params={{ run }} search={rollouts}>
        {inside}
      </Link>
    );
  if (rollouts)
    return (
      <Link to="/runs/$run/rollouts/sample" params={{ run }} search={rollouts}>
        {inside}
      </Link>
    );
  return (
    <Link to="/runs/$run/artifacts" params={{ run }} search={{ at, id, q }}>
      {inside}
    </Link>
  );
}
