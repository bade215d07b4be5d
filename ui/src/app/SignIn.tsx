import { useState } from "react";
import { problemText } from "@/api/problem";
import { Button, ProblemBox, type ProblemText } from "@/design";
import icon from "./cairn.svg";
import { signInWithToken } from "./session";
import css from "./SignIn.module.css";

interface SignInProps {
  onSignedIn: () => void;
  problem?: ProblemText | undefined; // why the link did not do
  ended?: boolean; // somebody was signed in until now
}

export function SignIn({ onSignedIn, problem: first, ended = false }: SignInProps) {
  const [token, setToken] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(first);
  const submit = async () => {
    setBusy(true);
    try {
      await signInWithToken(token.trim());
      onSignedIn();
    } catch (error) {
      setProblem(problemText(error));
      setBusy(false);
    }
  };
  return (
    <main className={css.page}>
      <form
        className={css.card}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <h1 className={css.title}>
          <img src={icon} alt="" width="24" height="24" />
          Sign in to Cairn
        </h1>
        {ended && <p role="status">The session has ended. Sign in again, and go on where you were.</p>}
        <p>
          <code>cairn ui</code> opens this page signed in. Or paste a token: the admin’s stands in the file{" "}
          <code>token</code> of the state folder.
        </p>
        <label className={css.field}>
          Token
          <input
            type="password"
            name="token"
            autoComplete="off"
            spellCheck={false}
            required
            value={token}
            onChange={(event) => setToken(event.target.value)}
          />
        </label>
        {problem && <ProblemBox problem={problem} />}
        <Button kind="primary" type="submit" disabled={busy || token.trim() === ""}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
