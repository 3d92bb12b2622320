import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import type { GgufValue } from "../../../src/hub/gguf/header.ts";
import { type GgufFile, openGguf } from "../../../src/hub/gguf/open.ts";
import { ggufTokenizer } from "../../../src/hub/gguf/tokenizer.ts";
import { openTokenizer } from "../../../src/hub/text/tokenizer.ts";

const folder = new URL("../../fixtures/gguf/", import.meta.url).pathname;
interface Reference {
  readonly ids: number[][];
  readonly begun: number[];
  readonly decoded: string[];
}
const reference: {
  texts: string[];
  models: Record<string, Reference>;
  pre: Record<string, number[][]>;
} = JSON.parse(readFileSync(`${folder}reference.json`, "utf8"));

const files: Record<string, GgufFile> = {};
beforeAll(async () => {
  for (const name of Object.keys(reference.models)) files[name] = await openGguf(`${folder}${name}.gguf`);
});

const changed = (name: string, fields: Record<string, GgufValue | undefined>): GgufFile => {
  const given = Object.entries(fields);
  const left = new Map([...files[name].fields, ...(given as [string, GgufValue][])]);
  for (const [field, value] of given) if (value === undefined) left.delete(field);
  return { ...files[name], fields: left };
};

describe.each(Object.keys(reference.models))("the tokenizer of %s.gguf", (name) => {
  const { ids, begun, decoded } = reference.models[name];
  it("gives hard texts Python's ids, and back", () => {
    const tokenizer = openTokenizer(ggufTokenizer(files[name]));
    for (const [i, text] of reference.texts.entries()) {
      expect(tokenizer.encode(text), text).toEqual(ids[i]);
      expect(tokenizer.decode(ids[i]), text).toEqual(decoded[i]);
    }
    expect(tokenizer.encode("the hell", { addSpecialTokens: true })).toEqual(begun);
  });
});

describe("texts are cut as the file says", () => {
  it.each(Object.keys(reference.pre))("by %s", (pre) => {
    const tokenizer = openTokenizer(ggufTokenizer(changed("qwen2", { "tokenizer.ggml.pre": pre })));
    for (const [i, text] of reference.texts.entries())
      expect(tokenizer.encode(text), text).toEqual(reference.pre[pre][i]);
  });
});

describe("special tokens", () => {
  it("begin and end texts where the file says so", () => {
    const around = { "tokenizer.ggml.add_bos_token": true, "tokenizer.ggml.add_eos_token": true };
    const [bos, eos] = [0, 1];
    const ends = { "tokenizer.ggml.bos_token_id": bos, "tokenizer.ggml.eos_token_id": eos };
    const both = openTokenizer(ggufTokenizer(changed("qwen2", { ...around, ...ends })));
    const plain = both.encode("hello");
    expect(both.encode("hello", { addSpecialTokens: true })).toEqual([bos, ...plain, eos]);
    const none = openTokenizer(ggufTokenizer(changed("llama", { "tokenizer.ggml.add_bos_token": false })));
    expect(none.encode("the", { addSpecialTokens: true })).toEqual(none.encode("the"));
  });

  it("begin texts with SentencePiece where the file says nothing", () => {
    const { tokenizer } = ggufTokenizer(changed("llama", { "tokenizer.ggml.add_bos_token": undefined }));
    expect(openTokenizer(ggufTokenizer(files.llama)).special).toMatchObject({ bos: 1, eos: 2, unk: 0 });
    expect(JSON.stringify(tokenizer.post_processor)).toContain("<s>");
  });

  it("leave padding behind the last token out of the vocabulary", () => {
    const tokens = files.qwen2.fields.get("tokenizer.ggml.tokens") as string[];
    const tokenizer = openTokenizer(ggufTokenizer(files.qwen2));
    expect(tokens.slice(-3)).toEqual(["[PAD0]", "[PAD1]", "[PAD2]"]);
    expect(tokenizer.vocabSize).toBe(tokens.length - 3);
  });

  it("SentencePiece without a space before the text has none after decoding either", () => {
    const bare = openTokenizer(ggufTokenizer(changed("llama", { "tokenizer.ggml.add_space_prefix": false })));
    expect(bare.encode("hell")).not.toEqual(openTokenizer(ggufTokenizer(files.llama)).encode("hell"));
    expect(bare.decode(bare.encode(" hell"))).toBe(" hell");
  });
});

describe("a tokenizer that is not known or does not fit is refused", () => {
  it.each<[string, string, Record<string, GgufValue | undefined>, RegExp]>([
    [
      "another model",
      "qwen2",
      { "tokenizer.ggml.model": "t5" },
      /tokenizer.ggml.model: expected one of gpt2, llama, found "t5"/,
    ],
    [
      "no model",
      "qwen2",
      { "tokenizer.ggml.model": undefined },
      /tokenizer.ggml.model: expected one, found none/,
    ],
    [
      "another way to cut",
      "qwen2",
      { "tokenizer.ggml.pre": "chameleon" },
      /tokenizer.ggml.pre: expected one of gpt-2, .*, found "chameleon"/,
    ],
    ["a name of every object", "qwen2", { "tokenizer.ggml.pre": "constructor" }, /found "constructor"/],
    [
      "no merges",
      "qwen2",
      { "tokenizer.ggml.merges": undefined },
      /tokenizer.ggml.merges: expected one, found none/,
    ],
    [
      "a merge of one",
      "qwen2",
      { "tokenizer.ggml.merges": ["ab"] },
      /tokenizer.ggml.merges: expected two tokens with a space/,
    ],
    [
      "fewer scores",
      "llama",
      { "tokenizer.ggml.scores": [1, 2] },
      /tokenizer.ggml.scores: expected \d+ numbers.*found "2 numbers"/,
    ],
    [
      "fewer kinds",
      "llama",
      { "tokenizer.ggml.token_type": [1] },
      /tokenizer.ggml.token_type: expected \d+ numbers/,
    ],
    [
      "a token twice",
      "llama",
      { "tokenizer.ggml.tokens": ["a", "a"], "tokenizer.ggml.token_type": [1, 1] },
      /each token once, found "a twice/,
    ],
    [
      "tokens that are numbers",
      "llama",
      { "tokenizer.ggml.tokens": [1, 2] },
      /tokenizer.ggml.tokens: expected a list of texts/,
    ],
    [
      "an end that is no token",
      "llama",
      { "tokenizer.ggml.eos_token_id": 9999 },
      /eos_token_id: expected the id of one of \d+ tokens, found 9999/,
    ],
  ])("%s", (_, name, fields, message) => {
    expect(() => ggufTokenizer(changed(name, fields))).toThrow(message);
  });
});
