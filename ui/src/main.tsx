import "./design/tokens.css";
import "./design/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { newQueryClient } from "./api/queries";
import { App } from "./app/App";
import { makeRouter } from "./app/router";
import { signInWithCode, takeCode } from "./app/session";
import { applyTheme } from "./app/theme";

applyTheme();
const code = takeCode(location, history);
const entry = code ? signInWithCode(code) : undefined;
const queries = newQueryClient();
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App router={makeRouter()} queries={queries} entry={entry} />
    </StrictMode>,
  );
}
