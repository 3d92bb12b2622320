/** Colours, type and spacing where the page has none of its own: empty here; the bundle for any page has tokens.css in its place. */
import { css } from "lit";

export const tokens = css``;
