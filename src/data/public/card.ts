import { stringify } from "yaml";
import { escapeMarkdown } from "../../common/markdown.ts";
import type { Imported } from "./format.ts";

/** The data card, `README.md` with a YAML header as Hugging Face data sets have it. */
export function importCard(name: string, origin: string, imported: Omit<Imported, "folder">): string {
  const header = {
    pretty_name: name,
    tags: ["grounding"],
    configs: [
      { config_name: "default", data_files: [{ split: "train", path: ["images/*", "metadata.jsonl"] }] },
    ],
  };
  const counts = Object.entries(imported.questions).map(
    ([task, count]) => `| ${escapeMarkdown(task)} | ${count} |`,
  );
  const notes = [
    ...imported.notes,
    ...Object.entries(imported.counts).map(([what, count]) => `${count} ${what}`),
    ...(imported.badRows > 0 ? [`${imported.badRows} rows that could not be used`] : []),
  ].map((line) => `- ${escapeMarkdown(line)}`);
  return `---
${stringify(header)}---

# ${name}

${imported.images} pictures, imported by \`fovea data import ${name}\`. Source: ${origin}.

| task | questions |
| --- | --- |
${[...counts, ...(notes.length > 0 ? ["", ...notes] : [])].join("\n")}
`;
}
