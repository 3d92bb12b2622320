import { expect, it } from "vitest";
import { mustBe, UserError } from "../../src/common/errors.ts";

it("says every mistake in one line that acts on no terminal, whatever it quotes", () => {
  const { message } = new UserError(
    "a.json: found two\nlines\r\nof \u001b[31mred\u001b]0;title\u0007 and \u202eturned\u2028text",
  );
  expect(message).toBe("a.json: found two lines of ␛[31mred␛]0;title␇ and �turned text");
});

it("leaves out the middle of what is too long, and keeps where it is and what helps", () => {
  const { message } = new UserError(`a.json: x${"y".repeat(1_000_000)}z; write it again`);
  expect(message).toMatch(/^a\.json: xy+ \.\.\. \(1000026 characters\) \.\.\. y+z; write it again$/);
  expect(message).toHaveLength(2000);
});

it("gives each of several mistakes a line, and counts those that are too many", () => {
  expect(new UserError(["one\ntwo", "three"]).message).toBe("one two\nthree");
  const lines = new UserError(Array.from({ length: 1000 }, (_, i) => `mistake ${i}`)).message.split("\n");
  expect([lines.length, lines.at(-1)]).toEqual([51, "... and 950 more"]);
});

it("quotes any value in brief", () => {
  const got = (value: unknown) => mustBe("a", "b", "c", value).message.slice("a: b must be c, got ".length);
  expect(got(Object.assign(Object.create(null), { x: 1 }))).toBe('{"x":1}');
  const ring: unknown[] = [];
  ring.push(ring);
  expect(got(ring)).toBe("[[[[...]]]]");
  expect(got({ ring })).toBe("an object");
  expect(got(undefined)).toBe("undefined");
  expect(got([1, "two", null])).toBe('[1, "two", null]');
  expect(got(new Array(1_000_000).fill(0))).toMatch(/^\[0(, 0){39}, \.\.\. \(1000000 in all\)\]$/);
  expect(got("long".repeat(1_000_000))).toHaveLength(405);
});
