/** Shows an address in the browser of whoever sits before this machine. */
import open from "open";

/** Whether a browser can be seen: not in a pipeline, over a remote shell, or on Linux without a display. */
export function hasBrowser(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
): boolean {
  if (env.CI || env.SSH_CONNECTION || env.SSH_TTY) return false;
  return platform !== "linux" || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY || env.WSL_DISTRO_NAME);
}

/** Never fails: the address was printed, too. */
export async function openPage(address: string): Promise<void> {
  if (!hasBrowser()) return;
  const child = await open(address).catch(() => undefined);
  child?.once("error", () => {});
}
