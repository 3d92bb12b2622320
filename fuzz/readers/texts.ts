import { join } from "node:path";
import { familyOf, frameFor } from "../../src/answers/families.ts";
import { judge } from "../../src/answers/judge.ts";
import { type AnswerType, answerTypes, type Truth } from "../../src/answers/kinds.ts";
import { parseAnswer } from "../../src/answers/parse.ts";
import { retryAfterOf } from "../../src/common/retry-after.ts";
import type { Region } from "../../src/grounding/region.ts";
import { parseModelSpec } from "../../src/harness/providers/spec.ts";
import { parseModelRef } from "../../src/hub/net/cache.ts";
import { ApiError } from "../../src/serve/api-error.ts";
import { defaultImageRules, defaultLimits } from "../../src/serve/requests/limits.ts";
import { readRequest } from "../../src/serve/requests/read.ts";
import { apis } from "../../src/serve/requests/request.ts";
import type { Reader, Seed } from "../reader.ts";
import { fixture, json, text, textOf } from "./files.ts";

/** What models say. */
const said = [
  "A",
  "The answer is **B**.",
  "(3, 4)",
  "[0.1, 0.2, 0.5, 0.9]",
  '```json\n[{"bbox_2d": [10, 20, 100, 200], "label": "cat"}]\n```',
  '<points x1="10.5" y1="20" x2="30" y2="40" alt="cats">cats</points>',
  "<loc0100><loc0200><loc0300><loc0400> cat ; <loc0001><loc0002><loc0003><loc0004> dog",
  "<box>(10,20),(30,40)</box>",
  "34 71 , 10 8",
  "row 2, column 3",
  "b2",
  "twenty-three",
  "There are 7 cats, or 8 if the small one counts.",
  "Yes, there is.",
  "No. I do not see one.",
  "<think>Let me look. The line goes to C, no, to D.</think>\n\nAnswer: D",
  "\\boxed{12}",
  "Step 1: follow the line.\nStep 2: ...\nFinal answer: E",
  "x: 10, y: 20\nx: 30, y: 40",
  '{"x": 10, "y": 20}',
];

/** Families that write places in ways of their own. */
const styles = ["fovea", "google", "paligemma"] as const;

const choices = ["A", "B", "C", "a cat", "two cats"];
const right: Readonly<Record<AnswerType, string>> = {
  text: "a cat",
  label: "A",
  number: "7",
  "yes-no": "yes",
  cell: "row 2 column 3",
  points: "",
  box: "",
};
const regions: Readonly<Partial<Record<AnswerType, readonly Region[]>>> = {
  points: [{ kind: "points", points: [[3, 4]] }],
  box: [{ kind: "box", box: [1, 1, 9, 9] }],
};

function truth(answerType: AnswerType): Truth {
  const one = { answer: right[answerType], regions: regions[answerType] ?? [], width: 640, height: 480 };
  return { ...one, answerType, ...(answerType === "label" && { choices }) };
}

const oneFile = (name: string, contents: readonly Uint8Array[]) => async (): Promise<readonly Seed[]> =>
  contents.map((content) => ({ files: { [name]: content } }));

const message = (content: unknown) => ({ model: "m", messages: [{ role: "user", content }] });
const requests = [
  message("Say a word."),
  {
    ...message([
      { type: "text", text: "what ?" },
      {
        type: "image_url",
        image_url: {
          url: `data:image/png;base64,${Buffer.from(fixture("pictures/rgb.png")).toString("base64")}`,
          detail: "high",
        },
      },
    ]),
    max_tokens: 7,
    temperature: 0.5,
    top_p: 0.9,
    stop: ["a", "\n"],
    seed: 3,
    stream: true,
    stream_options: { include_usage: true },
    n: 1,
    user: "x",
  },
  {
    model: "m",
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: [{ type: "text", text: "what ?" }] },
      { role: "assistant", content: "a cat", tool_calls: [] },
      { role: "user", content: "why ?" },
    ],
    max_completion_tokens: 9,
    response_format: { type: "text" },
    tools: [],
    logit_bias: {},
  },
];

export const textReaders: Record<string, Reader> = {
  answer: {
    share: 2,
    seeds: oneFile("answer.txt", said.map(text)),
    async read({ folder }) {
      const given = await textOf(join(folder, "answer.txt"));
      for (const name of styles)
        for (const answerType of answerTypes) {
          const family = familyOf(name);
          const asked = truth(answerType);
          judge(asked, parseAnswer(given, asked, family.places, frameFor(family, asked)).parsed);
        }
    },
  },
  "chat-request": {
    seeds: oneFile("request.json", requests.map(json)),
    read: async ({ folder }) => {
      const text = await textOf(join(folder, "request.json"));
      const refused: unknown[] = [];
      for (const api of apis) {
        const rules = { api, model: "m", limits: defaultLimits(4096), images: defaultImageRules };
        await readRequest(Buffer.from(text), rules, new AbortController().signal).catch((error) =>
          refused.push(error),
        );
      }
      const fault = refused.find((error) => !(error instanceof ApiError));
      if (fault !== undefined || refused.length === apis.length) throw fault ?? refused[0];
    },
    refusal: (error) => (error instanceof ApiError && error.facts.status < 500 ? error.message : undefined),
  },
  "retry-after": {
    seeds: oneFile("headers.txt", ["7", "1.5", "Wed, 21 Oct 2037 07:28:00 GMT", "0"].map(text)),
    async read({ folder }) {
      const value = await textOf(join(folder, "headers.txt"));
      for (const header of ["retry-after", "retry-after-ms"]) {
        const wait = retryAfterOf({ [header]: value });
        if (wait !== undefined && !(wait >= 0 && Number.isFinite(wait))) throw new Error(`waits ${wait} ms`);
      }
    },
  },
  names: {
    seeds: oneFile(
      "name.txt",
      ["owner/name@main", "openai:gpt-5", "http://localhost:8000/v1#my-model", "./a/b"].map(text),
    ),
    async read({ folder }) {
      const name = await textOf(join(folder, "name.txt"));
      parseModelRef(name);
      parseModelSpec(name);
    },
  },
};
