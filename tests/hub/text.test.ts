import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  defaultChatTemplate,
  encodePrompt,
  imageTokensIn,
  type Message,
  openChat,
  promptParts,
  renderPrompt,
} from "../../src/hub/text/chat.ts";
import { openTokenizer, requireSpecial } from "../../src/hub/text/tokenizer.ts";
import { wordTokenizer } from "../../src/hub/text/word-tokenizer.ts";

interface Reference {
  vocabSize: number;
  special: Record<string, number>;
  cases: { text: string; ids: number[]; withSpecial: number[]; decoded: string; skipped: string }[];
  broken: { ids: number[]; decoded: string }[];
  prompts: { template: string; chat: string; generate: boolean; text: string; ids: number[] }[];
}

const fixtures = new URL("../fixtures/hub/", import.meta.url);
const readJson = (path: string) => JSON.parse(readFileSync(new URL(path, fixtures), "utf8"));
const reference = readJson("text.json") as Record<"words" | "bpe", Reference> & {
  chats: Record<string, Message[]>;
  llava15: string;
};
const templates: Record<string, string> = { default: defaultChatTemplate, llava15: reference.llava15 };
const files = (name: string) => ({
  tokenizer: readJson(`${name}/tokenizer.json`),
  tokenizerConfig: readJson(`${name}/tokenizer_config.json`),
});

describe.each(["words", "bpe"] as const)("tokenizer and chat as in Python: %s", (name) => {
  const tokenizer = openTokenizer(files(name));
  const { vocabSize, special, cases, broken, prompts } = reference[name];

  const image = (tokens: number) => Array<number>(tokens).fill(special.image);

  test("size and special tokens", () => {
    expect(tokenizer.vocabSize).toBe(vocabSize);
    expect(tokenizer.special).toEqual(special);
    expect(tokenizer.token(special.image)).toBe("<image>");
    expect(tokenizer.tokenId("<image>")).toBe(special.image);
    expect(tokenizer.tokenId("no such token")).toBeUndefined();
  });

  test.each(cases)("ids of $text", ({ text, ids, withSpecial }) => {
    expect(tokenizer.encode(text)).toEqual(ids);
    expect(tokenizer.encode(text, { addSpecialTokens: true })).toEqual(withSpecial);
  });

  test.each(cases)("text of the ids of $text", ({ ids, decoded, skipped }) => {
    expect(tokenizer.decode(ids)).toBe(decoded);
    expect(tokenizer.decode(ids, { skipSpecialTokens: true })).toBe(skipped);
  });

  test("bytes that are no text", () => {
    for (const { ids, decoded } of broken) expect(tokenizer.decode(ids)).toBe(decoded);
  });

  test.each(prompts)("prompt $template $chat $generate", ({ template, chat, generate, text, ids }) => {
    const opened = openChat(tokenizer, templates[template]);
    const messages = reference.chats[chat];
    expect(renderPrompt(opened, messages, { addGenerationPrompt: generate })).toBe(text);
    const images = Array.from({ length: imageTokensIn(opened, messages) }, () => image(9));
    expect(encodePrompt(opened, messages, { addGenerationPrompt: generate, images })).toEqual(ids);
  });

  test.each(["default", "llava15"])("%s: the parts of a prompt join to the prompt", (template) => {
    const chat = openChat(tokenizer, templates[template]);
    const parts = promptParts(chat, { question: "Is there a cat?", answer: "yes", images: [image(9)] });
    const find = (kind: string, generate: boolean) =>
      prompts.find((p) => p.template === template && p.chat === kind && p.generate === generate)!.ids;
    expect([...parts.prefix, ...parts.question]).toEqual(find("question", true));
    expect(parts.prefix.slice(-9)).toEqual(Array(9).fill(special.image));
    expect(parts.answer.at(-1)).toBe(special.eos);
    const whole = [...parts.prefix, ...parts.question, ...parts.answer];
    if (template === "default") expect(whole).toEqual(find("answered", false));
    expect(tokenizer.decode(parts.answer, { skipSpecialTokens: true }).trim()).toBe("yes");
    const asked = promptParts(chat, { question: "Is there a cat?", images: [image(9)] });
    expect(asked).toEqual({ ...parts, answer: [] });
  });

  test("the prefix is the same for every question", () => {
    const chat = openChat(tokenizer);
    const { prefix } = promptParts(chat, { question: "What?", images: [image(2)] });
    fc.assert(
      fc.property(fc.string(), fc.string(), (question, answer) => {
        fc.pre(!`${question}${answer}`.includes("<"));
        const parts = promptParts(chat, { question, answer, images: [image(2)] });
        expect(parts.prefix).toEqual(prefix);
        expect(parts.answer.filter((id) => id === special.eos)).toEqual([special.eos]);
      }),
      { numRuns: 50 },
    );
  });
});

test("the files of a word tokenizer are as committed, where Python read them", () => {
  const texts = [
    "What is at A1?",
    "Is there a cat, or a dog?",
    "yes no",
    "T-shirt",
    "cat's eye",
    "naïve café",
  ];
  const more = ["東京", "ice cream", "0 1 2 10", "B2 C3", "constructor", "10.5"];
  expect(wordTokenizer([...texts, ...more])).toEqual(files("words"));
  expect(defaultChatTemplate).toBe(readFileSync(new URL("default_template.jinja", fixtures), "utf8"));
});

test("specials have their ids, and every word given is one token that decodes to itself", () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[\p{L}\p{N}'-]{1,8}$/u), { minLength: 1 }), (words) => {
      const tokenizer = openTokenizer(wordTokenizer(words));
      expect(tokenizer.special).toEqual({ pad: 0, bos: 1, eos: 2, unk: 3, image: 4 });
      for (const word of words) {
        const ids = tokenizer.encode(word);
        expect(ids).toHaveLength(1);
        expect(ids[0]).toBeGreaterThan(4);
        expect(tokenizer.decode(ids)).toBe(word);
      }
    }),
    { numRuns: 50 },
  );
});

test("special tokens are found as older folders write them", () => {
  const { tokenizer, tokenizerConfig } = files("words");
  const { image_token: _, ...rest } = tokenizerConfig;
  const older = {
    ...rest,
    bos_token: { content: "<s>", lstrip: false },
    unk_token: { content: "<unk>", lstrip: false },
    extra_special_tokens: { image_token: "<image>" },
  };
  const opened = openTokenizer({ tokenizer, tokenizerConfig: older });
  expect(opened.special).toEqual(reference.words.special);
  expect(opened.encode("unheard")).toEqual([reference.words.special.unk]);
  const none = openTokenizer({ tokenizer, tokenizerConfig: { ...rest, unk_token: undefined } });
  expect(() => none.encode("What unheard")).toThrow('tokenizer: text must be of known tokens, got "unheard"');
});

test("broken files, ids and templates are named", () => {
  const words = files("words");
  expect(() => openTokenizer({ ...words, tokenizer: {} })).toThrow(
    "tokenizer.json: expected a tokenizer, found: ",
  );
  const tokenizer = openTokenizer(words);
  // A model whose tables are padded may say ids that no token has: Python decodes them to nothing.
  expect(tokenizer.decode([5, 99])).toBe(tokenizer.decode([5]));
  expect(tokenizer.decode([99, 1000])).toBe("");
  expect(tokenizer.decode([])).toBe("");
  const { bos_token: _, ...noBos } = words.tokenizerConfig;
  const without = openTokenizer({ ...words, tokenizerConfig: noBos });
  expect(() => requireSpecial(without, "bos")).toThrow("tokenizer: bos token must exist, got none");
  expect(() => openChat(tokenizer, "{% if %}")).toThrow("chat template: ");
  expect(() => renderPrompt(openChat(tokenizer, "{{ raise_exception('no!') }}"), [])).toThrow(
    "chat template: no!",
  );
  const ask = (template: string) =>
    promptParts(openChat(tokenizer, template), { question: "q", answer: "a" });
  expect(() => ask("no image")).toThrow("chat template: expected one image token for one image, found 0");
  expect(() => ask("<image><image>")).toThrow("found 2");
  const spaced =
    "<image>{{ messages[0].content[1].text }}{% if add_generation_prompt %}:{% else %} :{{ messages[1].content[0].text }}{% endif %}";
  expect(() => ask(spaced)).toThrow("expected the answer after");
  expect(() => ask("{% if add_generation_prompt %}<image>{% endif %}")).toThrow("expected the answer after");
});

test("an answer follows the prompt though the template opens past turns with other white space", () => {
  const tokenizer = openTokenizer(files("bpe"));
  const template =
    "{% for m in messages %}{{ m.role }}{{ ' ' if m.role == 'assistant' }}\n{% for p in m.content %}" +
    "{{ '<image>' if p.type == 'image' else p.text }}{% endfor %}{% endfor %}" +
    "{% if add_generation_prompt %}assistant\n{% endif %}";
  const { prefix, question, answer } = promptParts(openChat(tokenizer, template), {
    question: "cat",
    answer: "yes",
  });
  const text = tokenizer.decode([...prefix, ...question, ...answer], { skipSpecialTokens: true });
  expect(text.endsWith("assistant\nyes")).toBe(true);
});

interface Joined {
  readonly tokenizer: object;
  readonly tokenizerConfig: object;
  readonly cases: readonly { question: string; answer: string; prompt: number[]; whole: number[] }[];
}

describe.each(["metaspace", "bytes"] as const)("a prompt that ends where the tokenizer joins: %s", (name) => {
  const joined = readJson("joined.json") as { template: string } & Record<"metaspace" | "bytes", Joined>;
  const { cases, ...files } = joined[name];
  const chat = openChat(openTokenizer(files as never), joined.template);

  test.each(cases.filter(({ answer }) => answer !== ""))(
    "$question $answer",
    ({ question, answer, prompt, whole }) => {
      const asked = promptParts(chat, { question });
      expect([...asked.prefix, ...asked.question]).toEqual(prompt);
      const parts = promptParts(chat, { question, answer });
      expect([...parts.prefix, ...parts.question, ...parts.answer]).toEqual(whole);
      expect(parts.prefix).toEqual(asked.prefix);
      // Without a token of its own for the space that is part of the answer's first token.
      expect(parts.question).toEqual(asked.question.slice(0, -1));
    },
  );
});
