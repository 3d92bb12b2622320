/** Asks a served model, and draws where its patches say a word and where its answer looked, as the server sent them. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import OpenAI from "openai";

interface Maps {
  readonly lens: {
    readonly concepts: readonly { readonly word: string; readonly layers: readonly Layer[] }[];
  };
  readonly attention: {
    readonly tokens: readonly { readonly token: string; readonly layers: readonly Layer[] }[];
  };
}

/** A layer's map; `picture` is a data: URI of PNG, since this program asks for pictures. */
interface Layer {
  readonly layer: number;
  readonly share?: number;
  readonly picture: string;
}

const [api, file, question, word] = process.argv.slice(2);
if (word === undefined) {
  console.error("usage: node draw.ts http://127.0.0.1:8000/v1 PICTURE QUESTION WORD");
  process.exit(1);
}

const client = new OpenAI({ baseURL: api, apiKey: process.env.FOVEA_KEY ?? "none" });
const [model] = (await client.models.list()).data;
const url = `data:image/png;base64,${(await readFile(file)).toString("base64")}`;
const reply = (await client.chat.completions.create({
  model: model.id,
  messages: [
    {
      role: "user",
      content: [
        { type: "image_url", image_url: { url } },
        { type: "text", text: question },
      ],
    },
  ],
  // Fovea's own field: the client's types do not know it.
  ...{ fovea: { lens: [word], attention: "image", tokens: "first", format: "png" } },
})) as OpenAI.ChatCompletion & { readonly fovea: Maps };

const [concept] = reply.fovea.lens.concepts;
const [first] = reply.fovea.attention.tokens;
await mkdir("out", { recursive: true });
await save("out/says.png", concept.layers[0]);
await save("out/looks.png", first.layers[0]);
console.log(`${question} ${reply.choices[0].message.content}`);
console.log(`${((first.layers[0].share ?? 0) * 100).toFixed(0)} % of its attention is on the picture`);

async function save(path: string, { picture }: Layer): Promise<void> {
  await writeFile(path, Buffer.from(picture.slice(picture.indexOf(",") + 1), "base64"));
}
