import type { CSSProperties, ReactNode } from "react";

interface Props {
  label: string;
  className?: string | undefined; // says that it scrolls
  style?: CSSProperties;
  children: ReactNode;
}

// A region that scrolls, which the keyboard reaches whatever stands in it.
export function ScrollRegion({ label, className, style, children }: Props) {
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    <div className={className} style={style} tabIndex={0} role="region" aria-label={label}>
      {children}
    </div>
  );
}
