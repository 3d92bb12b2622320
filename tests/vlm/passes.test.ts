import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { openVlm } from "../../src/vlm/open.ts";
import { askedOf, type GivenQuestion, passesOf, planFor, questionRows } from "../../src/vlm/passes.ts";

const model = await openVlm(fileURLToPath(new URL("../../checkpoints/full", import.meta.url)));
const size = { width: 64, height: 64 };
const about = (picture: string, words: number): GivenQuestion => ({
  picture,
  size,
  question: `${"a ".repeat(words)}?`,
});
const rowsOf = (given: readonly GivenQuestion[]) =>
  questionRows(
    model,
    given.map((one) => askedOf(model, one)),
  );
const bounds = { questions: 8, bytes: 2 ** 31 };

it("puts the questions about one picture into one row, of the columns that they take together", () => {
  const rows = rowsOf([about("a", 2), about("b", 3), about("a", 5)]);
  expect(rows.map(({ questions }) => questions)).toEqual([[0, 2], [1]]);
  const alone = rowsOf([about("a", 2)])[0].needs.room.length;
  expect(rows[0].needs.room.length - alone).toBe(askedOf(model, about("a", 5)).question.length);
  const prefix = { ...model, family: { ...model.family, visibility: "prefix" as const } };
  const asked = [about("a", 2), about("a", 5)].map((one) => askedOf(prefix, one));
  expect(questionRows(prefix, asked)).toHaveLength(2);
});

it("plans one room for rows of about one length, and passes of so many questions in their order", () => {
  const given = Array.from({ length: 40 }, (_, i) => about(`picture ${i >> 1}`, 1 + (i % 5)));
  const rows = rowsOf(given);
  const plan = planFor(model, rows);
  expect(plan.rooms).toHaveLength(1);
  const passes = passesOf(model, rows, plan, bounds);
  expect(passes.map((pass) => pass.rows.length)).toEqual([4, 4, 4, 4, 4]);
  expect(passes.flatMap((pass) => pass.rows.flatMap(({ questions }) => questions))).toEqual([
    ...given.keys(),
  ]);
  expect(new Set(passes.map(({ room, width }) => `${room.length} ${width}`)).size).toBe(1);
});

it("takes no more rows into a pass than memory has room for, but always one", () => {
  const rows = rowsOf(Array.from({ length: 6 }, (_, i) => about(`picture ${i}`, 3)));
  const two = { questions: 64, bytes: 2.5 * rows[0].bytes };
  expect(passesOf(model, rows, planFor(model, rows), two).map((pass) => pass.rows.length)).toEqual([2, 2, 2]);
  const none = { questions: 64, bytes: 1 };
  expect(passesOf(model, rows, planFor(model, rows), none)).toHaveLength(6);
});

it("has a room of its own for a row that no planned room holds", () => {
  const plan = planFor(model, rowsOf([about("a", 2)]));
  const [pass] = passesOf(model, rowsOf([about("a", 200)]), plan, bounds);
  expect(pass.room.length).toBeGreaterThan(200);
});
