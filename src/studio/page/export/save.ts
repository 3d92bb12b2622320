/** Files that the page gives to its visitor, and the clipboard. */
import type { Studio } from "../studio.ts";

/** Lets the browser save a file under a name. */
export function saveFile(content: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  // The browser has taken the file up by then.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export function saveText(text: string, name: string, type = "application/json"): void {
  saveFile(new Blob([text], { type }), name);
}

/** Puts text into the clipboard and says so; says it too where the browser does not let us. */
export async function copyText(studio: Studio, text: string, done: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    studio.say(done);
  } catch {
    studio.say(`This browser gives no access to the clipboard. The text: ${text}`);
  }
}

/** A file's name from words of people: letters, digits and dots stay. */
export function fileName(...parts: readonly string[]): string {
  const plain = parts.map((part) =>
    part.replaceAll(/[^\p{L}\p{N}\p{M}._]+/gu, "-").replaceAll(/^[-.]+|-+$/gu, ""),
  );
  return plain.filter((part) => part !== "").join("-") || "fovea";
}
