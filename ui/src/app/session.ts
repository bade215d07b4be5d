// Signing in: with the one-time code of the link that `cairn ui` prints, or with a token.
import { client, document } from "@/api/client";
import type { SessionInfo } from "@/api/types";

// The code in "#code=…", taken out of the URL and of the history at once.
export function takeCode(place: Location, history: History): string | undefined {
  const code = new URLSearchParams(place.hash.slice(1)).get("code");
  if (code === null) return undefined;
  history.replaceState(null, "", `${place.pathname}#/`);
  return code || undefined;
}

export function signInWithCode(code: string): Promise<SessionInfo> {
  return document(client.POST("/api/v1/session", { body: { code } }));
}

export function signInWithToken(token: string): Promise<SessionInfo> {
  return document(client.POST("/api/v1/session/token", { headers: { Authorization: `Bearer ${token}` } }));
}

export function signOut(): Promise<unknown> {
  return client.DELETE("/api/v1/session");
}
