// Which URL shows what. All of it stands in the fragment ("/#/runs/RUN/graph?stage=S"): the server
// answers strangers on "/" alone, and no proxy or log sees what somebody looks at. Screens are loaded
// when they are first shown, but for the list of runs.
import {
  createHashHistory,
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  redirect,
} from "@tanstack/react-router";
import { problemText } from "@/api/problem";
import type { RunFilter } from "@/api/runFilter";
import { Empty, ProblemBox } from "@/design";
import { Runs } from "@/screens/runs/Runs";
import { artifactsSearch, digestSearch, groupSearch, logsSearch, metricsSearch, rolloutSearch, rolloutsSearch, type MetricsSearch } from "./readingSearch";
import { part } from "./part";
import { finite, oneOf, parseSearch, stringifySearch, text, texts } from "./search";
import { Shell } from "./Shell";

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => (
    <Empty title="There is no such page">
      The address may be cut off or mistyped. <Link to="/runs">All runs</Link>
    </Empty>
  ),
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/runs" });
  },
});

const chartViews = ["on", "off"] as const;
export interface RunsSearch extends RunFilter {
  pick?: string[] | undefined; // ids of the runs that are chosen, for comparing
  charts?: (typeof chartViews)[number] | undefined; // otherwise: on where there is room
  above?: string | undefined; // the measure that the picture shows
}

const runs = createRoute({
  getParentRoute: () => root,
  path: "/runs",
  component: Runs,
  validateSearch: (search: Record<string, unknown>): RunsSearch => ({
    status: text(search.status),
    name: text(search.name),
    workflow: text(search.workflow),
    label: texts(search.label),
    created_after: text(search.created_after),
    created_before: text(search.created_before),
    q: text(search.q),
    pick: texts(search.pick)?.slice(0, 2),
    charts: oneOf(search.charts, chartViews),
    above: text(search.above),
  }),
});

export interface RunSearch {
  stage?: string | undefined; // that the drawer is about: STAGE or STAGE[LABEL]
}

const run = createRoute({
  getParentRoute: () => root,
  path: "/runs/$run",
  component: part(() => import("@/screens/run/Run"), "Run"),
  validateSearch: (search: Record<string, unknown>): RunSearch => ({ stage: text(search.stage) }),
});

const toGraph = createRoute({
  getParentRoute: () => run,
  path: "/",
  beforeLoad: ({ params, search }) => {
    throw redirect({ to: "/runs/$run/graph", params, search, replace: true });
  },
});

const graphViews = ["table"] as const;
export interface GraphSearch {
  as?: (typeof graphViews)[number] | undefined;
  open?: string[] | undefined; // groups that are unfolded
  view?: string | undefined; // "x,y,scale" once somebody moved it
}

const graph = createRoute({
  getParentRoute: () => run,
  path: "/graph",
  component: part(() => import("@/screens/run/GraphTab"), "GraphTab"),
  validateSearch: (search: Record<string, unknown>): GraphSearch => ({
    as: oneOf(search.as, graphViews),
    open: texts(search.open),
    view: text(search.view),
  }),
});

export interface TimelineSearch {
  as?: (typeof graphViews)[number] | undefined;
  from?: number | undefined; // ms since 1970
  to?: number | undefined;
}

const timeline = createRoute({
  getParentRoute: () => run,
  path: "/timeline",
  component: part(() => import("@/screens/run/TimelineTab"), "TimelineTab"),
  validateSearch: (search: Record<string, unknown>): TimelineSearch => ({
    as: oneOf(search.as, graphViews),
    from: finite(search.from),
    to: finite(search.to),
  }),
});

export interface TasksSearch {
  status?: string | undefined;
  q?: string | undefined;
}

const tasks = createRoute({
  getParentRoute: () => run,
  path: "/tasks",
  component: part(() => import("@/screens/run/TasksTab"), "TasksTab"),
  validateSearch: (search: Record<string, unknown>): TasksSearch => ({
    status: text(search.status),
    q: text(search.q),
  }),
});

const events = createRoute({
  getParentRoute: () => run,
  path: "/events",
  component: part(() => import("@/screens/run/EventsTab"), "EventsTab"),
});

const config = createRoute({
  getParentRoute: () => run,
  path: "/config",
  component: part(() => import("@/screens/run/ConfigTab"), "ConfigTab"),
});

const metrics = createRoute({
  getParentRoute: () => run,
  path: "/metrics",
  component: part(() => import("@/screens/metrics/MetricsTab"), "MetricsTab"),
  validateSearch: metricsSearch,
});

const logs = createRoute({
  getParentRoute: () => run,
  path: "/logs",
  component: part(() => import("@/screens/logs/LogsTab"), "LogsTab"),
  validateSearch: logsSearch,
});

const rollouts = createRoute({
  getParentRoute: () => run,
  path: "/rollouts",
  component: part(() => import("@/screens/rollouts/RolloutsTab"), "RolloutsTab"),
  validateSearch: rolloutsSearch,
});

const rolloutGroup = createRoute({
  getParentRoute: () => run,
  path: "/rollouts/group",
  component: part(() => import("@/screens/rollouts/GroupView"), "GroupView"),
  validateSearch: groupSearch,
});

const rolloutSample = createRoute({
  getParentRoute: () => run,
  path: "/rollouts/sample",
  component: part(() => import("@/screens/rollouts/SampleView"), "SampleView"),
  validateSearch: groupSearch,
});

const rollout = createRoute({
  getParentRoute: () => run,
  path: "/rollouts/$row",
  component: part(() => import("@/screens/rollouts/RolloutView"), "RolloutView"),
  validateSearch: rolloutSearch,
});

const records = createRoute({
  getParentRoute: () => root,
  path: "/records/$digest",
  component: part(() => import("@/screens/artifacts/ByDigest"), "ByDigest"),
  validateSearch: digestSearch,
});

const artifacts = createRoute({
  getParentRoute: () => run,
  path: "/artifacts",
  component: part(() => import("@/screens/artifacts/ArtifactsTab"), "ArtifactsTab"),
  validateSearch: artifactsSearch,
});

export interface AtSearch {
  at?: string | undefined;
}

const lineage = createRoute({
  getParentRoute: () => run,
  path: "/lineage",
  component: part(() => import("@/screens/lineage/LineageTab"), "LineageTab"),
  validateSearch: (search: Record<string, unknown>): AtSearch => ({ at: text(search.at) }),
});

const report = createRoute({
  getParentRoute: () => run,
  path: "/report",
  component: part(() => import("@/screens/report/ReportTab"), "ReportTab"),
  validateSearch: (search: Record<string, unknown>): AtSearch => ({ at: text(search.at) }),
});

const plugins = createRoute({
  getParentRoute: () => root,
  path: "/plugins",
  component: part(() => import("@/screens/plugins/Plugins"), "Plugins"),
  validateSearch: (search: Record<string, unknown>): { q?: string | undefined } => ({ q: text(search.q) }),
});

const plugin = createRoute({
  getParentRoute: () => root,
  path: "/plugins/$type",
  component: part(() => import("@/screens/plugins/StageType"), "StageType"),
});

const system = createRoute({
  getParentRoute: () => root,
  path: "/system",
  component: part(() => import("@/screens/system/System"), "System"),
});

const compareViews = ["workflow", "metrics", "scores"] as const;
export interface CompareSearch extends Pick<MetricsSearch, "q" | "smooth" | "as" | "from" | "to"> {
  view?: (typeof compareViews)[number] | undefined;
  part?: string | undefined; // of the differences
  stage?: string | undefined; // of the metrics
}

const compare = createRoute({
  getParentRoute: () => root,
  path: "/compare/$one/$other",
  component: part(() => import("@/screens/compare/Compare"), "Compare"),
  validateSearch: (search: Record<string, unknown>): CompareSearch => {
    const { q, smooth, as, from, to } = metricsSearch(search);
    return { view: oneOf(search.view, compareViews), part: text(search.part), stage: text(search.stage), q, smooth, as, from, to };
  },
});

export interface NewRunSearch {
  like?: string | undefined; // the run whose workflow it begins with
}

const newRun = createRoute({
  getParentRoute: () => root,
  path: "/new",
  component: part(() => import("@/screens/newrun/NewRun"), "NewRun"),
  validateSearch: (search: Record<string, unknown>): NewRunSearch => ({ like: text(search.like) }),
});

const tree = root.addChildren([
  home,
  runs,
  run.addChildren([
    toGraph, graph, timeline, tasks, metrics, logs, rollouts, rolloutGroup, rolloutSample, rollout,
    artifacts, lineage, report, events, config,
  ]),
  records,
  compare,
  newRun,
  plugins,
  plugin,
  system,
]);

export function makeRouter() {
  let shown: string | undefined; // path
  return createRouter({
    routeTree: tree,
    history: createHashHistory(),
    parseSearch,
    stringifySearch,
    // Of a screen that stays, nothing is scrolled: by the time its new search is drawn one may have moved on.
    scrollRestoration: ({ location: { pathname } }) => {
      const stays = pathname === shown;
      shown = pathname;
      return !stays;
    },
    getScrollRestorationKey: ({ state, pathname }) => `${state.__TSR_index} ${pathname}`,
    defaultPendingMs: 300,
    defaultErrorComponent: ({ error, reset }) => <ProblemBox problem={problemText(error)} retry={reset} />,
  });
}

export type AppRouter = ReturnType<typeof makeRouter>;

declare module "@tanstack/react-router" {
  interface Register {
    router: AppRouter;
  }
}

