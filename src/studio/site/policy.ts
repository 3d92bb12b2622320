/**
 * What the page may load and do, as a content security policy: its own scripts, styles, fonts and workers, pictures that it
 * made itself, and nothing of anybody else. No script and no style stands in the page's text, so none that a model or a
 * file says can become one. WebAssembly must be compiled, which is all that `wasm-unsafe-eval` allows.
 */
const policy: Readonly<Record<string, string>> = {
  "default-src": "'none'",
  "script-src": "'self' 'wasm-unsafe-eval'",
  "style-src": "'self'",
  "img-src": "'self' blob: data:",
  "font-src": "'self'",
  "connect-src": "'self' blob: data:",
  "worker-src": "'self' blob:",
  "media-src": "'self' blob: mediastream:",
  "form-action": "'none'",
  "base-uri": "'none'",
};

const written = Object.entries(policy).map(([name, value]) => `${name} ${value}`);

/** For a `<meta>` of a static site, which has no headers of its own; framing can only be forbidden in a header. */
export const metaPolicy = written.join("; ");

export const headerPolicy = [...written, "frame-ancestors 'none'"].join("; ");
