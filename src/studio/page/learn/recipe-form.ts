/** The recipe as one sets it: where to start, three losses with their weights, and in a fold the rest. */
import { html, type TemplateResult } from "lit";
import { bounds, lossNames, type PageLoss, type Recipe, type Start, titles } from "../../learn/recipe.ts";

export interface RecipeForm {
  readonly recipe: Recipe;
  /** While it trains, nothing of it can be changed. */
  readonly locked: boolean;
  /** Whether this browser has WebGPU; undefined until that is known. */
  readonly webgpu: boolean | undefined;
  change(recipe: Recipe): void;
}

export function recipeForm(form: RecipeForm): TemplateResult {
  return html`
    <fieldset ?disabled=${form.locked}>
      <legend>Start from</legend>
      <div class="row">
        ${startChoice(form, "twin", "the NTP twin")} ${startChoice(form, "nothing", "nothing")}
      </div>
    </fieldset>
    <fieldset ?disabled=${form.locked}>
      <legend>Losses and their weights</legend>
      ${lossNames.map((name) => lossRow(form, name))}
    </fieldset>
    <details>
      <summary>Rate, batch, scenes, device</summary>
      <fieldset class="grid" ?disabled=${form.locked}>
        ${numberField(form, "learningRate", "learning rate", "any")}
        ${numberField(form, "batch", "scenes a step", "1")}
        ${numberField(form, "things", "things in the scenes", "1")} ${numberField(form, "seed", "seed", "1")}
        <label for="device">device</label>
        <select
          id="device"
          .value=${form.recipe.device}
          @change=${({ target }: Event) =>
            form.change({ ...form.recipe, device: textOf(target) === "webgpu" ? "webgpu" : "wasm" })}
        >
          <option value="wasm">WebAssembly</option>
          <option value="webgpu" ?disabled=${form.webgpu === false}>
            ${form.webgpu === false ? "WebGPU (not in this browser)" : "WebGPU"}
          </option>
        </select>
      </fieldset>
    </details>
  `;
}

const textOf = (target: EventTarget | null) => (target as HTMLInputElement | HTMLSelectElement).value;

function startChoice({ recipe, change }: RecipeForm, start: Start, text: string) {
  return html`<label class="choice"
    ><input
      type="radio"
      name="start"
      .checked=${recipe.start === start}
      @change=${() => change({ ...recipe, start })}
    />${text}</label
  >`;
}

function lossRow({ recipe, change }: RecipeForm, name: PageLoss) {
  const setting = recipe.losses[name];
  const set = (change_: Partial<typeof setting>) =>
    change({ ...recipe, losses: { ...recipe.losses, [name]: { ...setting, ...change_ } } });
  const { short, long } = titles[name];
  const [least, most] = bounds.weight;
  return html`<div class="loss" ?data-off=${!setting.on}>
    <label class="choice"
      ><input
        type="checkbox"
        .checked=${setting.on}
        @change=${({ target }: Event) => set({ on: (target as HTMLInputElement).checked })}
      /><span class="short">${short}</span></label
    >
    <input
      type="range"
      min=${least}
      max=${most}
      step="0.1"
      aria-label="weight of ${short}"
      ?disabled=${!setting.on}
      .value=${String(setting.weight)}
      @input=${({ target }: Event) => set({ weight: Number(textOf(target)) })}
    />
    <output class="figures">${setting.on ? setting.weight.toFixed(1) : "off"}</output>
    <span class="caption what">${long}</span>
  </div>`;
}

function numberField(
  { recipe, change }: RecipeForm,
  key: "learningRate" | "batch" | "things" | "seed",
  text: string,
  step: string,
) {
  const [least, most] = bounds[key];
  const take = ({ target }: Event) => {
    const field = target as HTMLInputElement;
    const value = Number(field.value);
    if (field.value !== "" && field.checkValidity()) change({ ...recipe, [key]: value });
    else field.reportValidity();
  };
  return html`<label for=${key}>${text}</label>
    <input
      id=${key}
      type="number"
      class="figures"
      min=${least}
      max=${most}
      step=${step}
      .value=${String(recipe[key])}
      @change=${take}
    />`;
}
