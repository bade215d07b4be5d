import { useState } from "react";
import { IconButton, Foreign } from "@/design";
import bars from "../run/Reading.module.css";
import own from "./Records.module.css";

// Filters by member: MEMBER=VALUE, all of which must hold.
export function Where({ where, onWhere }: { where: readonly string[]; onWhere: (where: string[]) => void }) {
  const [typed, setTyped] = useState("");
  const [wrong, setWrong] = useState(false);
  const add = () => {
    const text = typed.trim();
    if (text === "") return;
    if (!/^[^=]+=/.test(text)) {
      setWrong(true);
      return;
    }
    setTyped("");
    onWhere([...where.filter((one) => one !== text), text]);
  };
  return (
    <span className={bars.group}>
      {where.map((one) => (
        <span key={one} className={own.chip}>
          <Foreign text={one} />
          <IconButton icon="close" label={`No filter ${one}`} onClick={() => onWhere(where.filter((other) => other !== one))} />
        </span>
      ))}
      <input
        className={bars.input}
        style={{ inlineSize: "9rem" }}
        aria-label="Filter by a member, as MEMBER=VALUE"
        aria-invalid={wrong}
        title={wrong ? "Write it as MEMBER=VALUE" : "MEMBER=VALUE, then Enter"}
        placeholder="member=value"
        spellCheck={false}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setWrong(false);
        }}
        onKeyDown={(event) => event.key === "Enter" && add()}
        onBlur={add}
      />
    </span>
  );
}
