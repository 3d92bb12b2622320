/**
 * Custom elements that show what a model sees, for any page.
 *
 * @module
 */
export { controls } from "./controls.ts";
