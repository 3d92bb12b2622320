/** The README.md of a data set that was made here. */
import { stringify } from "yaml";
import { codeBlock, codeSpan, escapeMarkdown } from "../../common/markdown.ts";
import type { DrawnTask } from "../tasks/drawn.ts";
import { drawnTasks } from "../tasks/drawn-registry.ts";
import type { DrawnRecipe, SceneRecipe } from "./recipe.ts";

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

/** The card of a set of scenes, `README.md` with a YAML header as Hugging Face data sets have it. */
export function sceneCard(recipe: SceneRecipe, facts: CardFacts): string {
  const categories = ["visual-question-answering", "object-detection", "image-segmentation"];
  return `---\n${stringify(header("Fovea scenes", categories, recipe))}---\n${body(recipe, facts)}`;
}

/** The card of a set of drawings. */
export function drawnCard(
  recipe: DrawnRecipe,
  questions: Readonly<Record<string, number>>,
  hash: string,
): string {
  const { task, count, seed, split, axes, frozen } = recipe;
  const { description, benchmark }: DrawnTask = drawnTasks[task];
  const title = frozen ? `Fovea ${task}, benchmark version ${benchmark.version}` : `Fovea ${task}`;
  const command = frozen
    ? `fovea data make ${task} --preset benchmark`
    : `fovea data make ${task} --count ${count} --seed ${seed} --split ${split}${axisFlags(axes)}`;
  const counts = Object.entries(questions).map(([name, number]) => `| ${name} | ${number} |`);
  return `---
${stringify(header(title, ["visual-question-answering"], { count, split: frozen ? "test" : split }))}---

# ${title}

${count} drawn images for one task: ${description}. Every question has its answer, the regions that prove it and its
difficulty on every axis. Made by ${codeSpan(command)}; the same command gives the same bytes, SHA-256 of \`SHA256SUMS\`:
\`${hash}\`.

| task | questions |
| --- | --- |
${counts.join("\n")}

![How many questions have each answer and each value of each axis](distributions.svg)

## Files

- \`images/\`: PNG. \`svg/\`: the same drawings as vectors.
- \`metadata.jsonl\`: a line an image: \`file_name\`, \`id\`, \`questions\` (task, question, answer, answerType, choices,
  regions, difficulty). Regions are in pixels, origin top left.
- \`SHA256SUMS\`: \`sha256sum --check SHA256SUMS\` says whether a copy is whole.
`;
}

function axisFlags(axes: Readonly<Record<string, unknown>>): string {
  return Object.entries(axes)
    .map(([name, value]) => ` --set ${name}=${Array.isArray(value) ? value.join(",") : value}`)
    .join("");
}

function header(
  title: string,
  categories: readonly string[],
  { split, count }: Pick<SceneRecipe, "split" | "count">,
) {
  return {
    pretty_name: title,
    task_categories: [...categories],
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
  const counts = Object.entries(questions).map(([task, count]) => `| ${escapeMarkdown(task)} | ${count} |`);
  const sources = recipe.sources.map((source) => `- ${licences[source] ?? "a folder given by the maker"}`);
  return `
# Fovea scenes

${recipe.count} composed images (split ${codeSpan(recipe.split)}, seed ${recipe.seed}): cut-outs pasted on backgrounds, with
exact masks of what shows of each, and questions whose evidence is known. Made by \`fovea data make scenes\`; the same
recipe gives the same bytes.

| task | questions |
| --- | --- |
${counts.join("\n")}

![How many questions have each answer and each difficulty](distributions.svg)

## Files

- \`images/\`: PNG.
- \`metadata.jsonl\`: a line an image: \`file_name\`, \`id\`, \`questions\` (task, question, answer, regions, difficulty) and
  \`concepts\` (word, regions; without regions the concept is absent). Regions are in pixels, origin top left; masks are
  COCO run lengths in text form.
- \`SHA256SUMS\`: \`sha256sum --check SHA256SUMS\` says whether a copy is whole.
- \`annotations.json\`: the same masks and their boxes as COCO instance annotations.

## Pictures

${sources.join("\n")}

${names.length} names, ${words} words in all: ${names.map(escapeMarkdown).join(", ")}.

## Recipe

${codeBlock("json", JSON.stringify(publicRecipe(recipe), null, 2))}
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
