import { homedir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { cacheFolder } from "../../src/common/cache-folder.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

it.each([
  ["/own", "/x", "/own"],
  ["", "/x", join("/x", "fovea")],
  ["", "", join(homedir(), ".cache", "fovea")],
])("is where FOVEA_CACHE=%s and XDG_CACHE_HOME=%s say; empty they say nothing", (own, shared, expected) => {
  vi.stubEnv("FOVEA_CACHE", own);
  vi.stubEnv("XDG_CACHE_HOME", shared);
  expect(cacheFolder()).toBe(expected);
  expect(cacheFolder("/given")).toBe("/given");
});
