// Line icons on a 16 × 16 grid. They stand beside words, or in buttons that have a label.
const paths = {
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10z M10.8 10.8L14 14",
  close: "M3.5 3.5l9 9 M12.5 3.5l-9 9",
  more: "M3.5 8h.01 M8 8h.01 M12.5 8h.01",
  copy: "M5.5 5.5h7v8h-7z M3.5 10.5v-8h7",
  theme: "M8 2.5v11a5.5 5.5 0 0 0 0-11z M13.5 8a5.5 5.5 0 1 1-11 0 5.5 5.5 0 0 1 11 0z",
  help: "M6 6a2 2 0 1 1 2.8 1.8c-.5.2-.8.6-.8 1.2v.5 M8 12v.1 M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0z",
  down: "M4 6l4 4 4-4",
  up: "M4 10l4-4 4 4",
  right: "M6 4l4 4-4 4",
  plus: "M8 3v10 M3 8h10",
  minus: "M3 8h10",
  fit: "M2.5 6V2.5H6 M10 2.5h3.5V6 M13.5 10v3.5H10 M6 13.5H2.5V10",
  link: "M6.5 9.5l3-3 M7 4.5l1.5-1.5a3 3 0 0 1 4.3 4.3L11.3 8.8 M9 11.5L7.5 13a3 3 0 0 1-4.3-4.3l1.5-1.5",
  group: "M2.5 2.5h11v11h-11z M5.5 8h5",
  compare: "M5.5 2.5v11 M10.5 2.5v11 M2.5 5.5l3-3 M13.5 10.5l-3 3",
  download: "M8 2.5v7.5 M4.5 7L8 10.5 11.5 7 M3 13.5h10",
  stream: "M2 11c2 0 2-6 4-6s2 6 4 6 2-6 4-6",
} as const;
export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg width="1em" height="1em" viewBox="0 0 16 16" fill="none" aria-hidden="true">
      <path
        d={paths[name]}
        stroke="currentColor"
        strokeWidth={name === "more" ? 2.4 : 1.5}
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </svg>
  );
}
