/** The requests that fuzz/attack/serve.ts sends: all of a case at once, all with the same body. */
import sharp from "sharp";

export interface Case {
  readonly requests: number;
  /** The client goes away after so many milliseconds, answered or not. */
  readonly leavesAfter?: number;
  body(model: string): Buffer | Promise<Buffer>;
}

type Part = { type: "text"; text: string } | { type: "image_url"; image_url: { url: string } };

function chat(model: string, content: string | readonly Part[], more: object = {}): Buffer {
  const messages = [{ role: "user", content }];
  return Buffer.from(JSON.stringify({ model, max_tokens: 2, messages, ...more }));
}

/** A request whose `messages` are the JSON given: what no JSON.stringify would write. */
function raw(model: string, messages: string): Buffer {
  return Buffer.from(`{"model":${JSON.stringify(model)},"messages":${messages}}`);
}

const png = (base64: string): Part => ({
  type: "image_url",
  image_url: { url: `data:image/png;base64,${base64}` },
});

/** 49 million pixels in few bytes. */
async function hugePicture(model: string): Promise<Buffer> {
  const create = { width: 7000, height: 7000, channels: 3, background: "#123456" } as const;
  const bytes = await sharp({ create }).png({ compressionLevel: 9 }).toBuffer();
  return chat(model, [png(bytes.toString("base64")), { type: "text", text: "is there a cat ?" }]);
}

/** 30 MB of words. */
const longText = (model: string) => chat(model, "cat ".repeat(7.5e6));

const cases: Readonly<Record<string, Case>> = {
  pictures: { requests: 24, body: hugePicture },
  text: { requests: 1, body: longText },
  word: { requests: 1, body: (model) => chat(model, "c".repeat(30e6)) },
  texts: { requests: 12, body: longText },
  leaving: { requests: 24, leavesAfter: 400, body: hugePicture },
  leavingtext: { requests: 6, leavesAfter: 600, body: longText },
  deep: { requests: 4, body: (model) => raw(model, "[".repeat(1e6) + "]".repeat(1e6)) },
  lists: { requests: 3, body: (model) => raw(model, `[${"[],".repeat(10e6)}[]]`) },
  escapes: {
    requests: 4,
    body: (model) => raw(model, `[{"role":"user","content":"${"\\u00e9".repeat(5e6)}"}]`),
  },
  spaces: { requests: 2, body: (model) => chat(model, [png(`${" ".repeat(200_000)}!`)]) },
  million: { requests: 12, body: (model) => chat(model, "cat dog ".repeat(120_000)) },
  users: {
    requests: 4,
    body: (model) => chat(model, "x", { user: Array.from({ length: 3e6 }, (_, i) => i) }),
  },
  endless: { requests: 24, body: (model) => chat(model, "is there a cat ?", { max_tokens: 900 }) },
};

export const caseNames: readonly string[] = Object.keys(cases);

export function caseOf(name: string): Case {
  const found = cases[name];
  if (!found) throw new Error(`no case ${name}: there are ${caseNames.join(", ")}`);
  return found;
}
