// The tabs of a run. A new tab is an entry here, a route in app/router.tsx and a file beside this one.
export const tabs = [
  { to: "/runs/$run/graph", label: "Graph" },
  { to: "/runs/$run/timeline", label: "Timeline" },
  { to: "/runs/$run/tasks", label: "Tasks" },
  { to: "/runs/$run/metrics", label: "Metrics" },
  { to: "/runs/$run/logs", label: "Logs" },
  { to: "/runs/$run/rollouts", label: "Rollouts" },
  { to: "/runs/$run/artifacts", label: "Artifacts" },
  { to: "/runs/$run/lineage", label: "Lineage" },
  { to: "/runs/$run/report", label: "Report" },
  { to: "/runs/$run/events", label: "Events" },
  { to: "/runs/$run/config", label: "Config" },
] as const;
