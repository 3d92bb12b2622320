/** Light or dark: as the system says, until the visitor says otherwise; kept for the next visit where the browser lets. */

export type Theme = "light" | "dark";

const key = "theme";

/** What the visitor chose before, put in place. */
export function restoreTheme(): void {
  const kept = readKept();
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
}

/** What the page shows now. */
export function currentTheme(): Theme {
  const { theme } = document.documentElement.dataset;
  if (theme === "light" || theme === "dark") return theme;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export function chooseTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(key, theme);
  } catch {
    // A browser that keeps nothing for this page: the choice holds until it is closed.
  }
}

function readKept(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
