import { fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it, vi } from "vitest";
import { Dialog } from "./Dialog";
import { Menu, moved } from "./Menu";
import { StatusBar, StatusLabel } from "./Status";
import { statuses, statusOf, statusShape, worst } from "./statuses";
import { Table, type Column } from "./Table";
import { Foreign } from "./Text";
import { bytes, duration, number, relative } from "./time";

describe("status", () => {
  it.each(statuses)("%s has a word and a shape of its own", (status) => {
    render(<StatusLabel status={status === "cached" ? "succeeded" : status} cached={status === "cached"} />);
    expect(screen.getByText(status)).toBeDefined();
    const shape = JSON.stringify(statusShape[status]);
    expect(statuses.filter((other) => JSON.stringify(statusShape[other]) === shape)).toEqual([status]);
  });
  it("shows a word of a later version as it is", () => {
    render(<StatusLabel status="hibernating" />);
    expect(screen.getByText("hibernating")).toBeDefined();
    expect(statusOf("hibernating")).toBe("pending");
  });
  it("says a histogram in words, what is wrong first", () => {
    render(<StatusBar counts={{ succeeded: 1200, failed: 2 }} label="Tasks" />);
    expect(screen.getByRole("img").getAttribute("aria-label")).toBe("Tasks: 2 failed, 1,200 succeeded");
    expect(worst({ succeeded: 1200, failed: 2 })).toBe("failed");
  });
});

describe("text of others", () => {
  it("shows what would turn round or hide", () => {
    const { container } = render(<Foreign text={"pay\u202Eexe.txt\u200b\u0007"} />);
    expect(container.textContent).toBe("payU+202Eexe.txtU+200BU+0007");
  });
  it("is never markup", () => {
    const { container } = render(<Foreign text={'<img src=x onerror="alert(1)">'} />);
    expect(container.querySelector("img")).toBeNull();
  });
});

describe("words for numbers", () => {
  it.each([
    [0, "0 ms"],
    [999, "999 ms"],
    [3_240, "3.2 s"],
    [59_600, "1 min"],
    [725_000, "12 min 5 s"],
    [3_600_000, "1 h"],
    [100_000_000, "1 d 3 h"],
    [NaN, "–"],
  ])("%d ms is %s", (ms, words) => expect(duration(ms)).toBe(words));
  it.each([
    [5_000, "just now"],
    [65_000, "1 min ago"],
    [-7_200_000, "in 2 h"],
    [40 * 86_400_000, "1969-11-22"],
  ])("%d ms before is %s", (ago, words) => expect(relative(-ago, 0).replace(/-2[123]$/, "-22")).toBe(words));
  it.each([
    [0, "0 B"],
    [999, "999 B"],
    [1_752_285, "1.8 MB"],
    [999_950, "1.0 MB"],
  ])("%d bytes are %s", (count, words) => expect(bytes(count)).toBe(words));
  it.each([
    [12_345, "12,345"],
    [0.14891, "0.1489"],
    [1.5e-7, "1.500e-7"],
    [Infinity, "Infinity"],
  ])("%d is %s", (value, words) => expect(number(value)).toBe(words));
});

describe("menu", () => {
  const items = (choose = vi.fn()) => [
    { id: "a", label: "Pause", choose },
    { id: "b", label: "Cancel", disabled: "the run is over", choose },
  ];
  it("opens, moves with the arrows and chooses with Enter", async () => {
    const choose = vi.fn();
    render(<Menu label="Actions" items={items(choose)} />);
    const user = userEvent.setup();
    await user.click(screen.getByRole("button", { name: "Actions" }));
    expect(document.activeElement?.textContent).toBe("Pause");
    await user.keyboard("{ArrowDown}{ArrowDown}{Enter}");
    expect(choose).toHaveBeenCalledTimes(1);
    expect(screen.queryByRole("menu")).toBeNull();
  });
  it("says why something cannot be chosen, and does not choose it", async () => {
    const choose = vi.fn();
    render(<Menu label="Actions" items={items(choose)} />);
    const user = userEvent.setup();
    await user.click(screen.getByRole("button"));
    const item = within(screen.getByRole("menu")).getByText("Cancel");
    expect(item.textContent).toContain("the run is over");
    await user.click(item);
    expect(choose).not.toHaveBeenCalled();
  });
  it("gives the focus back on Escape", async () => {
    render(<Menu label="Actions" items={items()} />);
    const user = userEvent.setup();
    await user.click(screen.getByRole("button"));
    await user.keyboard("{Escape}");
    expect(document.activeElement).toBe(screen.getByRole("button"));
  });
  it("takes keys still when the entry that had the focus is gone", async () => {
    const user = userEvent.setup();
    const { rerender } = render(<Menu label="Actions" items={items()} />);
    await user.click(screen.getByRole("button"));
    rerender(<Menu label="Actions" items={items().slice(1)} />);
    await user.keyboard("{ArrowDown}");
    expect(document.activeElement?.textContent).toContain("Cancel");
    await user.keyboard("{Escape}");
    expect(screen.queryByRole("menu")).toBeNull();
  });
  it("finds entries by their first letter", () => {
    expect(moved("c", 0, ["Pause", "Cancel"])).toBe(1);
    expect(moved("x", 0, ["Pause", "Cancel"])).toBeUndefined();
  });
});

describe("dialog", () => {
  it("has a name, and closes by its button", async () => {
    const close = vi.fn();
    render(
      <Dialog title="Cancel r?" onClose={close}>
        Sure?
      </Dialog>,
    );
    expect(screen.getByRole("dialog", { name: "Cancel r?" })).toBeDefined();
    await userEvent.click(screen.getByRole("button", { name: "Close" }));
    expect(close).toHaveBeenCalledOnce();
  });
});

describe("a table", () => {
  const columns: Column<string>[] = [{ id: "name", header: "Name", width: "1fr", cell: (name) => name }];
  it("takes each of the keys that are pressed before the first has moved the focus", async () => {
    render(<Table label="Names" columns={columns} rows={["a", "b", "c", "d"]} rowKey={(name) => name} />);
    const row = (at: number) => screen.getAllByRole("row")[at + 1] as HTMLElement;
    row(0).focus();
    for (const key of ["j", "j", "j", "k"]) fireEvent.keyDown(row(0), { key });
    await waitFor(() => expect(document.activeElement).toBe(row(2)));
  });
  it("keeps the focus on a row that is scrolled far out of sight, and that others come before", async () => {
    const names = Array.from({ length: 500 }, (_, at) => `name ${at}`);
    const table = (rows: string[]) => <Table label="Names" columns={columns} rows={rows} rowKey={(name) => name} />;
    const { rerender } = render(table(names));
    const row = (name: string) => screen.getByText(name).closest<HTMLElement>('[role="row"]');
    row("name 3")?.focus();
    const grid = screen.getByRole("grid");
    grid.scrollTop = 9_000;
    fireEvent.scroll(grid);
    await screen.findByText("name 255");
    expect(screen.queryByText("name 4")).toBeNull();
    expect(document.activeElement).toBe(row("name 3"));
    rerender(table(["new", ...names]));
    expect(document.activeElement).toBe(row("name 3"));
    fireEvent.keyDown(document.activeElement as Element, { key: "j" });
    fireEvent.scroll(grid);
    await waitFor(() => expect(document.activeElement).toBe(row("name 4")));
  });
});
