/** The layers of the models, downwards: a bar for each model, and the selector of the layer that is shown. */
import { html, nothing } from "lit";
import { formatNumber } from "../../../../lens/scale.ts";
import { linkedLayer, linkText } from "../layers.ts";
import { idOf } from "../memo.ts";
import type { LookView } from "../view.ts";
import { stripValues } from "../views.ts";

/** What the bars are, by what lies over the picture. */
const barTexts = {
  concept: "where the concept is strongest, on the scale",
  words: "the most certain patch",
  attention: "share of the token’s attention on the image",
  relevance: "share of the token’s attention on the image; relevance goes through all layers",
} as const;

export function layerStrip(view: LookView) {
  const { columns, state, set, toggle, playing } = view;
  const [first] = columns;
  if (first === undefined) return nothing;
  const all = columns.map((column) => {
    const key = JSON.stringify([
      column.letter,
      idOf(column.lens),
      idOf(column.look),
      state.over,
      state.token,
      idOf(view.shared),
    ]);
    return view.memo(`strip ${key}`, () => stripValues(column, state, view.shared));
  });
  const depth = first.card.layers;
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== " ") return;
    event.preventDefault();
    toggle("playing");
  };
  const note = linkText(columns.map(({ card }) => card.layers));
  return html`<nav class="strip" aria-label="Layers">
    <div class="row between">
      <h3>Layer</h3>
      <button class="quiet" aria-pressed=${playing} @click=${() => toggle("playing")}>${playing ? "stop" : "play"}</button>
    </div>
    <div role="radiogroup" aria-label="Layer" @keydown=${onKey}>
      ${[...Array(depth + 1).keys()].map((layer) => {
        const bars = columns.map(({ letter, card }, i) => ({
          letter,
          value: all[i][linkedLayer(layer, depth, card.layers)],
        }));
        const text = bars.map(
          ({ letter, value }) =>
            `${letter.toUpperCase()} ${value === undefined ? "none" : formatNumber(value)}`,
        );
        return html`<label class="layer" title=${text.join(", ")}>
          <input type="radio" name="layer" class="seen" .checked=${layer === first.layer}
            aria-label=${`${layer === 0 ? "decoder input" : `layer ${layer}`}: ${text.join(", ")}`}
            @change=${() => set({ layer: layer === depth ? undefined : layer })} />
          <span class="figures">${layer}</span>
          <span class="bars">${bars.map(
            ({ letter, value = 0 }) =>
              html`<i .style=${`--model: var(--model-${letter}); width: ${(100 * value).toFixed(1)}%`}></i>`,
          )}</span>
        </label>`;
      })}
    </div>
    <p class="caption">${barTexts[state.over]}</p>
    ${note === undefined ? nothing : html`<p class="caption">${note}</p>`}
  </nav>`;
}
