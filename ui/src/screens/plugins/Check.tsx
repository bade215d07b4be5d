import type { PluginCheck } from "@/api/types";
import { CodeText, Foreign, Icon, StatusIcon, Time } from "@/design";
import { shellWord } from "../newrun/params";
import css from "./Plugins.module.css";

// What `cairn plugins check` said of a library last, in short.
export function CheckBadge({ check }: { check: PluginCheck | undefined }) {
  if (!check) return <span className="muted">not checked</span>;
  const failed = check.failed?.length ?? 0;
  return (
    <span className={check.passed ? css.passed : css.failed}>
      <StatusIcon status={check.passed ? "succeeded" : "failed"} /> {check.passed ? "passed" : `${failed.toLocaleString("en")} failed`}
    </span>
  );
}

export function CheckDetail({ check, library }: { check: PluginCheck | undefined; library: string }) {
  return (
    <section className={css.section}>
      <h2>Check</h2>
      {check ? (
        <p>
          <CheckBadge check={check} /> <span className="muted">{check.checks.toLocaleString("en")} checks,</span> <Time at={check.checked_at} />
        </p>
      ) : (
        <p className="muted">Nobody has checked this build of the library in this state folder yet.</p>
      )}
      {check?.failed && check.failed.length > 0 && (
        <ul className={css.failures} aria-label="Checks that failed">
          {check.failed.map((one) => (
            <li key={one}>
              <Icon name="close" /> <Foreign text={one} />
            </li>
          ))}
        </ul>
      )}
      <CodeText label="Check it on the command line" text={`cairn plugins check ${shellWord(library)}`} wrap />
    </section>
  );
}
