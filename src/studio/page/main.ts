/** The page's first module. */
import "./shell.ts";
import { openStudio } from "./open-studio.ts";
import type { StudioShell } from "./shell.ts";
import { restoreTheme } from "./theme.ts";

restoreTheme();

const shell = document.querySelector("studio-shell") as StudioShell;
const studio = await openStudio().catch((error: Error) => {
  shell.failed = `Studio cannot be opened: ${error.message}`;
  throw error;
});
studio.readers.set("scene", async (ref) => (await import("./play/scene/read.ts")).readSceneRef(ref));
shell.studio = studio;
studio.onChange(() => shell.requestUpdate());
document.body.dataset.ready = "";
