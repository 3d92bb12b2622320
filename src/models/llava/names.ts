/** Names of LLaVA's tensors and of those of its relatives, whose parts are called the same. */

/**
 * The name that transformers writes for a parameter's path: `languageModel.layers.0.mlp.upProj.weight`
 * -> `language_model.model.layers.0.mlp.up_proj.weight`.
 */
export function tensorName(path: string): string {
  const snake = path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return snake
    .replace(/^multi_modal_projector\.linear(?=\d)/, "multi_modal_projector.linear_")
    .replace(/^language_model\./, "language_model.model.")
    .replace(/^lm_head\./, "language_model.lm_head.");
}

/** `language_model.model.layers.0` in a file is `model.language_model.layers.0` among the modules. */
export function moduleName(path: string): string {
  return tensorName(path)
    .replace(/^language_model\.lm_head\./, "lm_head.")
    .replace(/^language_model\.model\./, "language_model.")
    .replace(/^(?!lm_head\.)/, "model.");
}

/**
 * The name of today for a name in a file: files on the hub have `vision_tower.vision_model.*`, some of 2025
 * `model.language_model.*` and `lm_head.*`. Null for what is known and not a parameter.
 */
export function currentTensorName(stored: string): string | null {
  if (/\.(position_ids|inv_freq)$|^(model\.)?vision_tower\.(vision_model\.)?head\./.test(stored)) return null;
  return stored
    .replace(/^model\./, "")
    .replace(/^vision_tower\.vision_model\./, "vision_tower.")
    .replace(/^language_model\.(?!model\.|lm_head\.)/, "language_model.model.")
    .replace(/^lm_head\./, "language_model.lm_head.");
}
