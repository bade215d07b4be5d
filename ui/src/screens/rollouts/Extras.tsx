import { CodeText, Foreign } from "@/design";
import { extrasOf, rowsOf } from "./group";
import css from "./Rollouts.module.css";

// What a trainer wrote beside what every rollout has: a verifier's votes, for example.
export function Extras({ body }: { body: object }) {
  return extrasOf(body).map(([name, value]) => (
    <section key={name} className={css.extra} aria-label={name}>
      <h3>
        <Foreign text={name} />
      </h3>
      <Extra name={name} value={value} />
    </section>
  ));
}

function Extra({ name, value }: { name: string; value: unknown }) {
  const table = rowsOf(value);
  if (!table) return <CodeText label={`${name} as JSON`} text={JSON.stringify(value, null, 2)} wrap />;
  return (
    // It scrolls where it is wide, so the keyboard reaches it.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={css.extraTable} role="group" aria-label={name} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {table.columns.map((column) => (
              <th key={column} scope="col">
                <Foreign text={column} />
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {table.rows.map((row, at) => (
            <tr key={at}>
              {row.map((cell, column) => (
                <td key={table.columns[column]}>
                  <Foreign text={cell} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
