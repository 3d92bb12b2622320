/** The page's first module. */
import "./shell.ts";
import { openStudio } from "./open-studio.ts";
import type { StudioShell } from "./shell.ts";

const theme = localStorage.getItem("theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;

const shell = document.querySelector("studio-shell") as StudioShell;
const studio = await openStudio();
studio.readers.set("scene", async (ref) => (await import("./play/scene/read.ts")).readSceneRef(ref));
shell.studio = studio;
studio.onChange(() => shell.requestUpdate());
document.body.dataset.ready = "";
