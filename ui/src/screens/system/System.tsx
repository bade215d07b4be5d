import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { client, document } from "@/api/client";
import { problemText } from "@/api/problem";
import type { System as Document } from "@/api/types";
import { Facts, Foreign, format, Loading, ProblemBox, Time } from "@/design";
import { useRole } from "../actions/useDeed";
import { Clear } from "./Clear";
import { DiskByRun } from "./DiskByRun";
import css from "./System.module.css";
import { Tokens } from "./Tokens";

// The engine: what it is, what it uses, who may ask it, what it could throw away.
export function System() {
  const query = useQuery({
    queryKey: ["live", "system"],
    queryFn: ({ signal }) => document(client.GET("/api/v1/system", { signal })),
    refetchInterval: 5_000,
    staleTime: 0,
  });
  const role = useRole();
  return (
    <div className={css.page}>
      <h1>System</h1>
      {query.error && <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />}
      {query.isPending && <Loading what="the system" lines={8} />}
      {query.data && <Engine system={query.data} />}
      <DiskByRun />
      <Tokens role={role} />
      <Clear role={role} />
    </div>
  );
}

function Engine({ system }: { system: Document }) {
  const { resources, disk, runs = [], executors = [] } = system;
  const used = disk ? disk.total_bytes - disk.free_bytes : 0;
  return (
    <>
      {system.failure !== undefined && (
        <p className={css.halted} role="alert">
          <b>The engine halted:</b> <Foreign text={system.failure} /> Next: mend what it says, then start <code>cairn serve</code> again; runs go on from their checkpoints.
        </p>
      )}
      <div className={css.cards}>
        <section className={css.card} aria-label="Engine">
          <h2>Engine</h2>
          <Facts
            facts={[
              ["Version", system.version],
              ["Command", <code key="command"><Foreign text={system.command} /></code>],
              ["Process", system.pid],
              ["Up since", <Time key="since" at={system.started_at} />],
              ["State", <code key="state"><Foreign text={system.state_dir} /></code>],
              ["Store", <code key="store"><Foreign text={system.store_dir} /></code>],
              [
                "Runs at work",
                runs.length === 0
                  ? "none"
                  : runs.map((id) => (
                      <span key={id}>
                        <Link to="/runs/$run/graph" params={{ run: id }}>
                          {id}
                        </Link>{" "}
                      </span>
                    )),
              ],
            ]}
          />
        </section>
        {resources && (
          <section className={css.card} aria-label="Resources">
            <h2>Resources in use</h2>
            <Gauge label="Processors" used={resources.cpus_in_use} total={resources.cpus} words={String} />
            <Gauge label="Memory" used={resources.memory_in_use} total={resources.memory_bytes} words={format.bytes} />
            <Gauge label="GPUs" used={resources.gpus_in_use} total={resources.gpus} words={String} />
            <Facts
              facts={[
                ["Tasks at work", resources.running.toLocaleString("en")],
                ["Queued", resources.queued.toLocaleString("en")],
                ...executors.map(({ name, attempts }) => [`Executor ${name}`, `${attempts.toLocaleString("en")} ${attempts === 1 ? "attempt" : "attempts"}`] as const),
              ]}
            />
          </section>
        )}
        {disk && (
          <section className={css.card} aria-label="Disk">
            <h2>Disk of the store</h2>
            <Gauge label="In use" used={used} total={disk.total_bytes} words={format.bytes} />
            <Facts
              facts={[
                ["Free", format.bytes(disk.free_bytes)],
                ["Stages wait below", disk.free_space_mark > 0 ? `${format.bytes(disk.free_space_mark)} free` : "no mark is set"],
              ]}
            />
          </section>
        )}
      </div>
    </>
  );
}

interface GaugeProps {
  label: string;
  used: number;
  total: number;
  words: (value: number) => string;
}

function Gauge({ label, used, total, words }: GaugeProps) {
  const part = total > 0 ? Math.min(1, used / total) : 0;
  return (
    <div className={css.gauge}>
      <span>{label}</span>
      <span className={css.value}>{total > 0 ? `${words(used)} of ${words(total)}` : "none"}</span>
      <div className={css.track} role="meter" aria-label={label} aria-valuemin={0} aria-valuemax={total} aria-valuenow={used} aria-valuetext={`${words(used)} of ${words(total)}`}>
        <div style={{ inlineSize: `${part * 100}%` }} />
      </div>
    </div>
  );
}
