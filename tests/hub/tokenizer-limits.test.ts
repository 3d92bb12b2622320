/** A tokenizer.json may come from anybody: what would hang or fill the memory is refused by its field, in one line. */
import { expect, test } from "vitest";
import { openTokenizer } from "../../src/hub/text/tokenizer.ts";
import { wordTokenizer } from "../../src/hub/text/word-tokenizer.ts";

const { tokenizer, tokenizerConfig } = wordTokenizer(["a red cat is left of two dogs"]);
const text = "a red cat, a dog  and two cats".repeat(20);
const many = <T>(one: T, times: number) => Array.from({ length: times }, () => one);
const added = (more: object) => [{ id: 5, content: "<x>", special: true, ...more }];
const replace = (pattern: object, content: unknown) => ({ type: "Replace", pattern, content });
const split = (Regex: string, behavior = "Isolated") => ({
  type: "Split",
  pattern: { Regex },
  behavior,
  invert: false,
});
const bpe = (more: object) => ({ model: { type: "BPE", vocab: { a: 0, b: 1 }, merges: [], ...more } });

const refused: Readonly<Record<string, [change: object, told: RegExp]>> = {
  "an id of 1e9": [
    { model: { ...(tokenizer.model as object), vocab: { a: 1e9 } } },
    /model\.vocab\.a must be .*1000000000/,
  ],
  "an id of 1e308": [bpe({ vocab: { a: 1e308 } }), /model\.vocab\.a/],
  "an id below 0": [bpe({ vocab: { a: -1 } }), /model\.vocab\.a/],
  "an id of half": [bpe({ vocab: { a: 0.5 } }), /model\.vocab\.a/],
  "an added id of 1e9": [{ added_tokens: added({ id: 1e9 }) }, /added_tokens\.0\.id/],
  "an added token that is no text": [{ added_tokens: added({ content: 7 }) }, /added_tokens\.0\.content/],
  "added tokens that are no list": [{ added_tokens: {} }, /added_tokens must be a list/],
  "a model that is none": [{ model: 5 }, /model must be an object/],
  "a vocabulary that is none": [bpe({ vocab: "abc" }), /model\.vocab/],
  "merges that are none": [bpe({ merges: [["a", "b"], 7] }), /model\.merges\.1/],
  "scores that are none": [{ model: { type: "Unigram", vocab: [["a", "x"]], unk_id: 0 } }, /model\.vocab\.0/],
  "an unknown token of 1e9": [
    { model: { type: "Unigram", vocab: [["a", 0]], unk_id: 1e9 } },
    /model\.unk_id/,
  ],
  "words of any length": [
    { model: { type: "WordPiece", vocab: { a: 0 }, max_input_chars_per_word: 1e9 } },
    /max_input_chars_per_word/,
  ],
  "pieces of no length": [{ pre_tokenizer: { type: "FixedLength", length: 0 } }, /pre_tokenizer\.length/],
  "a pattern that is none": [{ pre_tokenizer: { type: "Split", pattern: {} } }, /pre_tokenizer\.pattern/],
  "a pattern that refers back": [{ pre_tokenizer: split("(a)\\1") }, /refers back/],
  "a pattern that repeats too much": [
    { pre_tokenizer: split("(?:a{1000}){1000}") },
    /repeats too much|[Rr]egular/,
  ],
  "a long text to write": [
    { normalizer: replace({ String: " " }, "x".repeat(20_000)) },
    /normalizer\.content/,
  ],
  "a template of many parts": [
    {
      post_processor: {
        type: "TemplateProcessing",
        single: many({ Sequence: { id: "A", type_id: 0 } }, 20_000),
      },
    },
    /post_processor\.single must be a list/,
  ],
};

test.each(Object.entries(refused))("%s is refused by its field", (_, [change, told]) => {
  const open = () => openTokenizer({ tokenizer: { ...tokenizer, ...change }, tokenizerConfig });
  expect(open).toThrow(told);
  expect(open).toThrow(/^tokenizer\.json: expected a tokenizer, found: .+$/);
});

const doubling = many(replace({ String: "a" }, "aa"), 60);
const growing: Readonly<Record<string, object>> = {
  "a normalizer that doubles": { normalizer: { type: "Sequence", normalizers: doubling } },
  "a normalizer that quotes itself": {
    normalizer: { type: "Sequence", normalizers: many(replace({ Regex: "[\\s\\S]+" }, "$&$&"), 60) },
  },
  "a pre-tokenizer that doubles": { pre_tokenizer: { type: "Sequence", pretokenizers: doubling } },
  "a template that doubles": {
    post_processor: {
      type: "Sequence",
      processors: many(
        { type: "TemplateProcessing", single: many({ Sequence: { id: "A", type_id: 0 } }, 2) },
        60,
      ),
    },
  },
};

test.each(Object.entries(growing))("%s ends", (_, change) => {
  const opened = openTokenizer({ tokenizer: { ...tokenizer, ...change }, tokenizerConfig });
  expect(() => opened.encode(text)).toThrow(/^tokenizer\.json: .*a step makes \d+ characters/);
});

test("a decoder that doubles ends", () => {
  const decoder = { type: "Sequence", decoders: doubling };
  const opened = openTokenizer({ tokenizer: { ...tokenizer, decoder }, tokenizerConfig });
  const id = opened.tokenId("a") as number;
  expect(() => opened.decode([id, id, id])).toThrow(/^tokenizer\.json: .*a step makes \d+ characters/);
});

test.each(["(a+)+$", "(\\w+\\s?)+$", "(?:a|a)*b", "(.*)*x", "(?:\\w+ ?)*,$"])(
  "the pattern %s takes no time",
  (Regex) => {
    for (const behavior of ["Isolated", "Removed"]) {
      const opened = openTokenizer({
        tokenizer: { ...tokenizer, pre_tokenizer: split(Regex, behavior) },
        tokenizerConfig,
      });
      let told = "";
      try {
        opened.encode(`${"a".repeat(2000)}!`);
      } catch (error) {
        told = (error as Error).message;
      }
      expect(told).toMatch(/^$|^tokenizer\.json: .*too many steps/);
    }
  },
);
