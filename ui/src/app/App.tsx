import { QueryClientProvider, type QueryClient } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { onSignedOut } from "@/api/client";
import { problemText } from "@/api/problem";
import { Loading, ToastProvider, type ProblemText } from "@/design";
import { KeyProvider } from "./keys";
import { LiveProvider } from "./live";
import type { AppRouter } from "./router";
import { SignIn } from "./SignIn";

type Gate = { at: "exchanging" } | { at: "in" } | { at: "out"; problem?: ProblemText; ended?: boolean };

interface AppProps {
  router: AppRouter;
  queries: QueryClient;
  // The exchange of a one-time link's code, which has begun.
  entry: Promise<unknown> | undefined;
}

// The page behind its door. Without a code it is tried as it is: the first answer of 401 closes it.
export function App({ router, queries, entry }: AppProps) {
  const [gate, setGate] = useState<Gate>(entry ? { at: "exchanging" } : { at: "in" });
  useEffect(
    () =>
      onSignedOut(() => {
        // Whoever has read something was signed in.
        const ended = queries.getQueryCache().getAll().some((query) => query.state.data !== undefined);
        setGate((now) => (now.at === "in" ? { at: "out", ended } : now));
      }),
    [queries],
  );
  useEffect(() => {
    entry?.then(
      () => setGate({ at: "in" }),
      (error: unknown) =>
        setGate({ at: "out", problem: { ...problemText(error), hint: "A link works once: cairn ui makes another." } }),
    );
  }, [entry]);

  if (gate.at === "exchanging") return <Loading what="the page" />;
  if (gate.at === "out") {
    const enter = () => {
      queries.clear();
      setGate({ at: "in" });
    };
    return <SignIn onSignedIn={enter} problem={gate.problem} ended={gate.ended ?? false} />;
  }
  return (
    <QueryClientProvider client={queries}>
      <ToastProvider>
        <KeyProvider>
          <LiveProvider>
            <RouterProvider router={router} />
          </LiveProvider>
        </KeyProvider>
      </ToastProvider>
    </QueryClientProvider>
  );
}
