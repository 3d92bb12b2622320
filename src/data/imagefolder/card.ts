import { stringify } from "yaml";
import type { SceneRecipe } from "./recipe.ts";

/** Licences of the pictures that Fovea knows, by source. */
const licences: Readonly<Record<string, string>> = {
  "fluent-3d": "Fluent Emoji, Microsoft, MIT",
  "fluent-flat": "Fluent Emoji, Microsoft, MIT",
  noto: "Noto Emoji, Google, Apache-2.0",
};

/** What the card says of the finished set. */
export interface CardFacts {
  readonly names: readonly string[];
  readonly words: number;
  readonly questions: Readonly<Record<string, number>>;
}

/** The data card, `README.md` with a YAML header as Hugging Face data sets have it. */
export function dataCard(recipe: SceneRecipe, facts: CardFacts): string {
  return `---\n${stringify(header(recipe))}---\n${body(recipe, facts)}`;
}

function header({ split, count }: SceneRecipe) {
  return {
    pretty_name: "Fovea scenes",
    task_categories: ["visual-question-answering", "object-detection", "image-segmentation"],
    language: ["en"],
    tags: ["synthetic", "grounding"],
    size_categories: [sizeCategory(count)],
    configs: [{ config_name: "default", data_files: [{ split, path: ["images/*.png", "metadata.jsonl"] }] }],
  };
}

function sizeCategory(count: number): string {
  const bounds = [1000, 10_000, 100_000, 1_000_000, 10_000_000];
  const names = ["n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M"];
  return names[bounds.findIndex((bound) => count < bound)] ?? names.at(-1)!;
}

function body(recipe: SceneRecipe, { names, words, questions }: CardFacts): string {
  const counts = Object.entries(questions).map(([task, count]) => `| ${task} | ${count} |`);
  const sources = recipe.sources.map((source) => `- ${licences[source] ?? "a folder given by the maker"}`);
  return `
# Fovea scenes

${recipe.count} composed images (split \`${recipe.split}\`, seed ${recipe.seed}): cut-outs pasted on backgrounds, with
exact masks of what shows of each, and questions whose evidence is known. Made by \`fovea data make scenes\`; the same
recipe gives the same bytes.

| task | questions |
| --- | --- |
${counts.join("\n")}

## Files

- \`images/\`: PNG.
- \`metadata.jsonl\`: a line an image: \`file_name\`, \`id\`, \`questions\` (task, question, answer, regions, difficulty) and
  \`concepts\` (word, regions; without regions the concept is absent). Regions are in pixels, origin top left; masks are
  COCO run lengths in text form.
- \`annotations.json\`: the same masks and their boxes as COCO instance annotations.

## Pictures

${sources.join("\n")}

${names.length} names, ${words} words in all: ${names.join(", ")}.

## Recipe

\`\`\`json
${JSON.stringify(publicRecipe(recipe), null, 2)}
\`\`\`
`;
}

/** The recipe without folders of the machine it was made on. */
function publicRecipe({ backgrounds, sources, ...rest }: SceneRecipe) {
  return {
    sources: sources.map((source) => (source in licences ? source : "folder")),
    ...(backgrounds !== undefined && { backgrounds: "folder" }),
    ...rest,
  };
}
