import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { readPickle } from "../../../src/data/public/pickle.ts";
import { fixture } from "./fixtures.ts";

const load = async (name: string) => readPickle(await readFile(fixture(`refcoco/${name}`)), name);
const plain = (value: unknown) => JSON.parse(JSON.stringify(value));
const refuse = (text: string) => {
  try {
    return readPickle(Buffer.from(text, "latin1"), "x.p");
  } catch (error) {
    return (error as Error).message;
  }
};

describe("readPickle", () => {
  it.each([0, 1, 2, 3, 4, 5])("reads plain data of protocol %i as Python does", async (protocol) => {
    const expected = JSON.parse(await readFile(fixture("refcoco/plain.json"), "utf8"));
    expect(plain(await load(`plain-${protocol}.p`))).toEqual(expected);
  });

  it("reads texts as Python 2 wrote them, in both of its forms", async () => {
    const [text, binary, today] = await Promise.all(
      ["refs(unc).p", "refs(umd).p", "refs(google).p"].map(load),
    );
    expect(text).toEqual(today);
    expect(binary).toEqual(today);
    expect(plain(today)[0].sentences[1].sent).toBe("the girl's hat");
  });

  it("runs nothing", async () => {
    await expect(load("code.p")).rejects.toThrow(
      'code.p: content must be a whole pickle of plain lists, dicts, texts and numbers, got "code c at byte 0"',
    );
    // What makes objects in the later protocols: STACK_GLOBAL, REDUCE, NEWOBJ, BUILD, persistent ids.
    for (const code of ["\x93", "R", "\x81", "b", "P", "Q", "i", "o", "\x82"])
      expect(refuse(`]${code}.`)).toContain("at byte 1");
  });

  it("refuses what is cut off or out of order", () => {
    expect(refuse("")).toContain("a file that is cut off");
    expect(refuse("]q")).toContain("a file that is cut off");
    expect(refuse("X\xff\xff\xff\x7fab")).toContain("a file that is cut off");
    expect(refuse("S'ab")).toContain("a file that is cut off");
    expect(refuse("a.")).toContain("a value too few");
    expect(refuse("Nt.")).toContain("a list without a beginning");
    expect(refuse("NNa.")).toContain("an append to what is no list");
    expect(refuse("]NNs.")).toContain("an entry for what is no dict");
    expect(refuse("h\x05.")).toContain("value 5 before it is there");
    expect(refuse("Iseven\n.")).toContain("the number seven");
  });

  it("has no way to the prototype", () => {
    const dict = refuse("}U\x09__proto__}U\x01aK\x01ss.") as unknown as Record<string, unknown>;
    expect(Object.keys(dict)).toEqual(["__proto__"]);
    expect(({} as Record<string, unknown>).a).toBeUndefined();
  });
});
