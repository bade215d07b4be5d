import { Facts, Foreign, format } from "@/design";
import { LongText } from "./LongText";
import { isLong, isTexts, textOf, type Raw } from "./qa";
import own from "./Records.module.css";

// A document, a score, a row of any kind: its members, long texts and nested values at the end.
export function Members({ record }: { record: Raw }) {
  const entries = Object.entries(record);
  const short = entries.filter(([, value]) => !isLong(value) && !isTexts(value));
  return (
    <>
      {short.length > 0 && (
        <Facts
          facts={short.map(([name, value]) => [name, typeof value === "number" ? <Exact key={name} value={value} /> : <Foreign key={name} text={textOf(value)} />] as const)}
        />
      )}
      {entries
        .filter(([, value]) => isLong(value) || isTexts(value))
        .map(([name, value]) => (
          <section key={name} className={own.section}>
            <h3>
              <Foreign text={name} />
            </h3>
            <Long name={name} value={value} />
          </section>
        ))}
    </>
  );
}

const mostTexts = 32; // of a list that are shown as texts of their own

function Long({ name, value }: { name: string; value: unknown }) {
  if (typeof value === "string") return <LongText label={name} text={value} />;
  if (isTexts(value) && value.length <= mostTexts)
    return value.map((text, at) => <LongText key={at} label={value.length === 1 ? name : `${name} ${at + 1}`} text={text} />);
  return <LongText label={name} text={JSON.stringify(value, null, 2)} />;
}

function Exact({ value }: { value: number }) {
  return <span title={String(value)}>{format.number(value)}</span>;
}
