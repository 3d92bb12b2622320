import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { random } from "../../src/common/random.ts";
import { readFolderFiles } from "../../src/hub/folder.ts";
import { openTokenizer, type TextTokenizer } from "../../src/hub/text/tokenizer.ts";
import { textStream } from "../../src/serve/text-stream.ts";
import { modelFolder } from "./support.ts";

const fixtures = join(import.meta.dirname, "../fixtures/hub");

async function open(folder: string): Promise<TextTokenizer> {
  const { tokenizer = {}, tokenizerConfig = {} } = await readFolderFiles(folder);
  return openTokenizer({ tokenizer, tokenizerConfig });
}

/** Words of both vocabularies, marks, and characters of two to four bytes. */
const words = ["cat", "pig", "no", "where", "is", "?", ",", ".", "d3", "é", "猫", "🦊", "x", " "];

function randomIds(tokenizer: TextTokenizer, seed: number): number[] {
  const source = random("text", seed);
  const text = Array.from({ length: 1 + source.integer(12) }, () => source.pick(words));
  return tokenizer.encode(text.join(source.pick(["", " "])));
}

function pieces(tokenizer: TextTokenizer, ids: readonly number[], stops: readonly string[] = []): string[] {
  const stream = textStream(tokenizer, stops);
  const out: string[] = [];
  for (const id of ids) {
    out.push(stream.push(id));
    if (stream.stopped) break;
  }
  return [...out, stream.end()];
}

describe.each([
  ["words", modelFolder],
  ["byte pairs", join(fixtures, "bpe")],
])("text of a tokenizer of %s", (_, folder) => {
  let tokenizer: TextTokenizer;
  beforeAll(async () => {
    tokenizer = await open(folder);
  });

  it("is, piece by piece, what decoding everything gives", () => {
    for (let seed = 0; seed < 300; seed++) {
      const ids = randomIds(tokenizer, seed);
      const whole = tokenizer.decode(ids, { skipSpecialTokens: true }).trim();
      expect(pieces(tokenizer, ids).join("")).toBe(whole);
    }
  });

  it("ends before the first stop text, wherever tokens are cut", () => {
    for (let seed = 0; seed < 300; seed++) {
      const source = random("stops", seed);
      const ids = randomIds(tokenizer, seed);
      const whole = tokenizer.decode(ids, { skipSpecialTokens: true });
      const at = source.integer(Math.max(1, whole.length - 3));
      const stop = whole.slice(at, at + 1 + source.integer(3));
      if (stop === "") continue;
      const wanted = whole.slice(0, whole.indexOf(stop)).trim();
      expect(pieces(tokenizer, ids, ["never said", stop]).join("")).toBe(wanted);
    }
  });
});

describe("pieces", () => {
  it("come as soon as they are certain", async () => {
    const tokenizer = await open(modelFolder);
    const ids = tokenizer.encode("no cat, no pig");
    expect(pieces(tokenizer, ids)).toEqual(["no", " cat", ",", " no", " pig", ""]);
    expect(pieces(tokenizer, ids, ["cat pig"])).toEqual(["no", "", " cat,", " no", " pig", ""]);
  });

  it("hold back few tokens, whatever comes: of no text, and of bytes that are no character", async () => {
    const tokenizer = await open(join(fixtures, "bpe"));
    const byte = tokenizer.tokenId("<0xF0>") as number; // Begins a character of four.
    const end = tokenizer.special.eos as number;
    let decoded = 0;
    const counting = {
      ...tokenizer,
      decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }) {
        decoded += ids.length;
        return tokenizer.decode(ids, options);
      },
    };
    const some = [...tokenizer.encode("no"), ...Array<number>(2000).fill(end), ...tokenizer.encode(" cat")];
    expect(pieces(counting, some).join("")).toBe(tokenizer.decode(some, { skipSpecialTokens: true }).trim());
    expect(pieces(counting, Array<number>(2000).fill(byte)).join("")).toBe("\ufffd".repeat(2000));
    expect(decoded).toBeLessThan(4000 * 70);
  });

  it("hold back half a character", async () => {
    const tokenizer = await open(join(fixtures, "bpe"));
    const ids = tokenizer.encode("é🦊");
    const out = pieces(tokenizer, ids);
    expect(out.join("")).toBe("é🦊");
    expect(out.every((piece) => !piece.includes("\ufffd"))).toBe(true);
  });
});
