import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { useMemo, type ReactNode } from "react";
import { problemText } from "@/api/problem";
import type { Plugin } from "@/api/types";
import { Button, CodeText, Digest, Facts, Foreign, Icon, Loading, ProblemBox, ScrollRegion, useCopy } from "@/design";
import { CheckDetail } from "./Check";
import { defaultWords, exampleStage, limitWords, readDeclaration, typeWords, type Declaration, type PortDeclaration } from "./declaration";
import css from "./Plugins.module.css";
import { pluginQuery } from "./queries";

// The reference of a stage type, from its declaration alone.
export function StageType() {
  const { type } = useParams({ from: "/plugins/$type" });
  const query = useQuery(pluginQuery(type));
  const declared = useMemo(() => query.data && readDeclaration(query.data.name, query.data.doc, query.data.declaration), [query.data]);
  return (
    <div className={css.page}>
      <nav className={css.crumbs} aria-label="Stage type">
        <Link to="/plugins">Plugins</Link>
        <Icon name="right" />
        <span>{type}</span>
      </nav>
      {query.error && <ProblemBox problem={problemText(query.error)} retry={() => void query.refetch()} />}
      {query.isPending && <Loading what="the stage type" lines={12} />}
      {query.data && declared && <Reference plugin={query.data} declared={declared} />}
    </div>
  );
}

function Reference({ plugin, declared }: { plugin: Plugin; declared: Declaration }) {
  const { name, library, digest, revision, doc } = plugin;
  return (
    <div className={css.reference}>
      <h1>
        <Foreign text={name} />
      </h1>
      <p>
        <Foreign text={doc} />
      </p>
      <Facts
        facts={[
          ["Library", <code key="library"><Foreign text={library} /></code>],
          ["Digest", <Digest key="digest" value={digest} />],
          ["Revision", revision],
          ["Random", declared.random ? "yes: its seed is part of the cache key" : "no"],
        ]}
      />
      <CheckDetail check={plugin.check} library={library} />
      <Example declared={declared} />
      <Params declared={declared} />
      <Ports title="Inputs" ports={declared.inputs} more={declared.openInputs ? "It takes any further inputs, of any kind." : undefined} />
      <Ports
        title="Outputs"
        ports={declared.outputs}
        more={declared.outputsFrom === undefined ? undefined : `Each key of ${declared.outputsFrom} is a further output.`}
      />
      {declared.metrics.length > 0 && (
        <Section title="Metrics" heads={["Name", "Unit", "What"]}>
          {declared.metrics.map((metric) => (
            <tr key={metric.name}>
              <th scope="row">
                <code>{metric.name}</code>
              </th>
              <td>{metric.unit}</td>
              <td>
                <Foreign text={metric.doc} />
              </td>
            </tr>
          ))}
        </Section>
      )}
    </div>
  );
}

function Example({ declared }: { declared: Declaration }) {
  const copy = useCopy();
  const text = exampleStage(declared);
  return (
    <section className={css.section}>
      <h2>Example</h2>
      <CodeText label="A stage that uses it" text={text} />
      <span>
        <Button onClick={() => copy(text, "Example")}>Copy</Button>
      </span>
    </section>
  );
}

function Section({ title, heads, children }: { title: string; heads: string[]; children: ReactNode }) {
  return (
    <section className={css.section}>
      <h2>{title}</h2>
      <ScrollRegion label={title} className={css.wide}>
        <table className={css.table}>
          <thead>
            <tr>
              {heads.map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      </ScrollRegion>
    </section>
  );
}

function Params({ declared }: { declared: Declaration }) {
  if (declared.params.length === 0) return null;
  return (
    <Section title="Parameters" heads={["Name", "Type", "Default", "Range", "What"]}>
      {declared.params.map((param) => (
        <tr key={param.name} id={param.name}>
          <th scope="row">
            <code>{param.name}</code>
          </th>
          <td>{typeWords(param)}</td>
          <td>{param.required ? <b>required</b> : <code>{defaultWords(param)}</code>}</td>
          <td>{limitWords(param)}</td>
          <td>
            <Foreign text={param.doc} />
            {param.content && <span className="muted"> Its content is in the cache key.</span>}
          </td>
        </tr>
      ))}
    </Section>
  );
}

function Ports({ title, ports, more }: { title: string; ports: readonly PortDeclaration[]; more: string | undefined }) {
  if (ports.length === 0 && more === undefined) return null;
  return (
    <>
      {ports.length > 0 && (
        <Section title={title} heads={["Name", "Kind", "What"]}>
          {ports.map((port) => (
            <tr key={port.name}>
              <th scope="row">
                <code>{port.name}</code>
              </th>
              <td>{[port.kind, port.list && "list", port.optional && "optional"].filter(Boolean).join(", ")}</td>
              <td>
                <Foreign text={port.doc} />
              </td>
            </tr>
          ))}
        </Section>
      )}
      {more && <p className="muted">{more}</p>}
    </>
  );
}
