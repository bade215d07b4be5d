import { Foreign, plain, ScrollRegion } from "@/design";
import type { Report } from "./model";
import css from "./Report.module.css";

// The numbers that the paper gives, apart: they are of another model on other data.
export function Paper({ paper }: { paper: NonNullable<Report["paper"]> }) {
  return (
    <details className={css.section}>
      <summary>The paper&apos;s own numbers (arXiv {paper.arxiv}): another model, other data, not comparable</summary>
      {paper.tables.map((table) => (
        <ScrollRegion key={table.title} label={table.title} className={plain.wide}>
          <table className={plain.table}>
            <caption>
              <Foreign text={table.title} />
            </caption>
            <thead>
              <tr>
                <th scope="col">Model</th>
                {table.columns.map((name) => (
                  <th key={name} scope="col" className={plain.end}>
                    <Foreign text={name} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {table.rows.map((row) => (
                <tr key={row.name}>
                  <th scope="row">
                    <Foreign text={row.name} />
                  </th>
                  {table.columns.map((name) => (
                    <td key={name} className={plain.end}>
                      {row.values.get(name)?.toFixed(2) ?? "–"}
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollRegion>
      ))}
    </details>
  );
}
