/** The page's first module. */
import "./shell.ts";
import { keepForOffline } from "./offline/keep.ts";
import { openStudio } from "./open-studio.ts";
import type { StudioShell } from "./shell.ts";
import type { Studio } from "./studio.ts";
import { restoreTheme } from "./theme.ts";

restoreTheme();

const shell = document.querySelector("studio-shell") as StudioShell;
const studio = await openStudio().catch((error: Error) => {
  shell.failed = `Studio cannot be opened: ${error.message}`;
  throw error;
});
studio.readers.set("scene", async (ref) => (await import("./play/scene/read.ts")).readSceneRef(ref));
studio.readers.set("data", async (ref) => (await import("./data/sources.ts")).readDataRef(ref));
shell.studio = studio;
studio.onChange(() => shell.requestUpdate());
document.body.dataset.ready = "";
whenModelsAreSettled(studio, () => prepareTheRest(shell, studio));

function whenModelsAreSettled(of: Studio, then: () => Promise<void>): void {
  const isSettled = () => of.slots.every(({ loading }) => loading === undefined);
  const end = of.onChange(() => {
    if (!isSettled()) return;
    end();
    setTimeout(() => void then(), restAfter);
  });
}

/** Milliseconds that the models have for their first look at a picture. */
const restAfter = 3000;

/** What opens later: the code of the other rooms, and everything without a network. */
async function prepareTheRest(frame: StudioShell, of: Studio): Promise<void> {
  await frame.preload();
  const isKept = await keepForOffline(of).catch(() => false); // No room, or no permission: it goes on as it is.
  if (isKept) document.body.dataset.kept = "";
}
