import { fireEvent, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { KeyProvider, matchKeys, useKey } from "./keys";
import { parseSearch, stringifySearch, texts } from "./search";
import { takeCode } from "./session";
import { SignIn } from "./SignIn";
import { titleOf } from "./title";

describe("keys", () => {
  it("may be two in a row", () => {
    const commands = [{ keys: "g r" }, { keys: "?" }, { keys: "g p" }];
    expect(matchKeys("?", commands)).toBe(1);
    expect(matchKeys("g", commands)).toBe("more");
    expect(matchKeys("g p", commands)).toBe(2);
    expect(matchKeys("x", commands)).toBe("none");
  });
  it("act on the page, but not while somebody types", () => {
    const run = vi.fn();
    const Page = () => {
      useKey("g r", "Runs", run);
      return <input aria-label="box" />;
    };
    render(
      <KeyProvider>
        <Page />
      </KeyProvider>,
    );
    const press = (target: Element, ...keys: string[]) => keys.forEach((key) => fireEvent.keyDown(target, { key }));
    press(screen.getByLabelText("box"), "g", "r");
    expect(run).not.toHaveBeenCalled();
    press(document.body, "g", "r");
    expect(run).toHaveBeenCalledOnce();
    press(document.body, "g", "x", "r");
    expect(run).toHaveBeenCalledOnce();
  });
});

describe("the URL", () => {
  it.each([
    ["?status=%21succeeded&label=a%3Db&label=c%3Dd", { status: "!succeeded", label: ["a=b", "c=d"] }],
    ["?q=007", { q: "007" }],
    ["", {}],
  ])("%s holds the view", (url, search) => {
    expect(parseSearch(url)).toEqual(search);
    expect(stringifySearch(search)).toBe(url);
  });
  it("leaves out what is not said", () => expect(stringifySearch({ a: undefined, b: "", c: 5 })).toBe("?c=5"));
  it("takes one as a list", () => expect(texts("a")).toEqual(["a"]));
});

describe("the title", () => {
  it.each([
    ["/runs", "Runs · Cairn"],
    ["/runs/1m8c/graph", "1m8c · Graph · Cairn"],
    ["/plugins/rl_stage", "rl_stage · Plugins · Cairn"],
    ["/compare/a/b", "Compare · Cairn"],
    ["/", "Cairn"],
  ])("%s is %s", (path, title) => expect(titleOf(path)).toBe(title));
});

describe("signing in", () => {
  it("takes the code out of the address and of the history", () => {
    const history = { replaceState: vi.fn() };
    const place = { hash: "#code=abc_1-2", pathname: "/", search: "" };
    expect(takeCode(place as Location, history as unknown as History)).toBe("abc_1-2");
    expect(history.replaceState).toHaveBeenCalledWith(null, "", "/#/");
    expect(takeCode({ ...place, hash: "#/runs" } as Location, history as unknown as History)).toBeUndefined();
  });
  it("sends a token in a header, and says what came of it", async () => {
    const answers = [
      new Response(JSON.stringify({ detail: "this token is not known", hint: "cairn token list" }), { status: 401 }),
      new Response(JSON.stringify({ who: "admin", role: "admin" }), { status: 200 }),
    ];
    const fetch = vi.fn((_request: Request) => Promise.resolve(answers.shift() ?? Response.error()));
    vi.stubGlobal("fetch", fetch);
    const entered = vi.fn();
    render(<SignIn onSignedIn={entered} />);
    const user = userEvent.setup();
    await user.type(screen.getByLabelText("Token"), "wrong");
    await user.click(screen.getByRole("button", { name: "Sign in" }));
    expect((await screen.findByRole("alert")).textContent).toContain("this token is not known");
    await user.click(screen.getByRole("button", { name: "Sign in" }));
    await vi.waitFor(() => expect(entered).toHaveBeenCalledOnce());
    const request = fetch.mock.calls[1]?.[0];
    expect(request?.headers.get("Authorization")).toBe("Bearer wrong");
    expect(request?.headers.get("X-Cairn-Page")).toBe("1");
    expect(request?.headers.get("Idempotency-Key")).toMatch(/^[0-9a-f]{32}$/);
    expect(request?.url).not.toContain("wrong");
  });
});
