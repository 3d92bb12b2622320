import { expect, it } from "vitest";
import { pythonSnippet } from "../../src/train/report/python.ts";

it.each([
  [{ model: "merged", prompt: { kind: "chat" } }],
  [{ model: "run/model", base: "OWNER/NAME", prompt: { kind: "chat" }, ownPictures: true }],
  [{ model: "m", prompt: { kind: "text", text: "USER: <image>\n{question} ASSISTANT:" } }],
] as const)("writes a program for %j", (use) => {
  expect(pythonSnippet(use)).toMatchSnapshot();
});
