// The pages of the bar at the top. A new page is an entry here and a route in router.tsx.
export const pages: { to: string; label: string; keys: string }[] = [
  { to: "/runs", label: "Runs", keys: "g r" },
  { to: "/new", label: "New run", keys: "g n" },
  { to: "/plugins", label: "Plugins", keys: "g p" },
  { to: "/system", label: "System", keys: "g s" },
];
