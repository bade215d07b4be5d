import { expect, it } from "vitest";
import { headOf } from "./text";

it("a text is cut beside a character, never inside one", () => {
  expect(headOf("abc", 3)).toBe("abc");
  expect(headOf("abc", 2)).toBe("ab");
  expect(headOf("a😀b", 2)).toBe("a");
  expect(headOf("a😀b", 3)).toBe("a😀");
});
