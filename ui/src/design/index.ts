// The design system: what screens are made of.
export { Button, IconButton, buttonClass } from "./Button";
export { clsx } from "./clsx";
export { Dialog, DialogActions } from "./Dialog";
export { Drawer } from "./Drawer";
export { Icon, type IconName } from "./icons";
export { Menu, type MenuItem } from "./Menu";
export { SearchBox } from "./SearchBox";
export { Empty, Loading, ProblemBox, type ProblemText } from "./States";
export { StatusBar, StatusIcon, StatusLabel, StatusLegend, countsInWords } from "./Status";
export { isOver, statuses, statusOf, statusShape, total, worst, type Counts, type Status } from "./statuses";
export { Table, type Column } from "./Table";
export { Tabs, tabClass } from "./Tabs";
export { CodeText, Digest, Facts, Foreign, Progress, Tooltip, useCopy } from "./Text";
export { Duration, Time } from "./Time";
export * as format from "./time";
export { ToastProvider, useToast } from "./Toast";
export { useNow } from "./useNow";
export { useSize, type Size } from "./useSize";
