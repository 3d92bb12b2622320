import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const root = new URL("../../src/", import.meta.url).pathname;
const cast = /as never|as unknown as/;
/** Whose types force a cast; a comment above it names one of them. */
const libraries = /jax-js|zod|linkedom|@huggingface\/(jinja|tokenizers)|TypeScript's library|Float16Array/;

const casts = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .flatMap((path) => {
    const lines = readFileSync(`${root}${path}`, "utf8").split("\n");
    return lines.flatMap((line, i) => {
      const comments = lines.slice(Math.max(0, i - 6), i + 1).filter((near) => /\/\/|\*/.test(near));
      return cast.test(line) ? [{ place: `${path}:${i + 1}`, why: comments.join("\n") }] : [];
    });
  });

it("casts against the types only where a library forces it, and says which", () => {
  expect(casts.filter(({ why }) => !libraries.test(why)).map(({ place }) => place)).toEqual([]);
});

it("does so in few places", () => {
  expect(casts.length, casts.map(({ place }) => place).join("\n")).toBeLessThanOrEqual(18);
});
