/** What a family is with one config, before it can do anything. */
import type { FamilyParts, VlmParams } from "../contract/parts.ts";
import type { DecoderConfig } from "../decoder/config.ts";

export interface ConfiguredParts<Config, Params extends VlmParams, Init extends object> {
  readonly parts: FamilyParts<Config, Params, Init>;
  readonly config: Config;
  readonly decoder: DecoderConfig;
}
