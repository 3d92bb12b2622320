/** `fovea-elements.js`: all elements for any page, with Lit and their colours inside. */
export * from "../index.ts";
