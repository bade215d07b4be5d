import { Dialog } from "@/design";
import { useCommands } from "./keys";
import css from "./Shell.module.css";

const always = [
  { keys: "j  k", label: "Next and previous row" },
  { keys: "Enter", label: "Open the row" },
  { keys: "Esc", label: "Close what is open" },
];

export function KeyHelp({ onClose }: { onClose: () => void }) {
  const commands = useCommands();
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl className={css.keys}>
        {[...commands(), ...always].map(({ keys, label }) => (
          <div key={keys} style={{ display: "contents" }}>
            <dt>
              {keys.split(" ").map((key, at) => key && <kbd key={at}>{key}</kbd>)}
            </dt>
            <dd>{label}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
