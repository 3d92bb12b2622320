/** The answer and its maps, with something knocked out and with nothing. */
import type { RgbImage } from "../../common/image.ts";
import type { KnockOut } from "../../lens/knock-out.ts";
import { type KnockOutOptions, type KnockOutResult, knockOutMaps } from "../../lens/knocked-out.ts";
import type { Vlm } from "../../vlm/open.ts";

export interface KnockOutJob {
  readonly given: {
    readonly picture: RgbImage;
    readonly question: string;
    readonly knockOut: KnockOut;
    readonly options?: KnockOutOptions;
  };
  readonly result: KnockOutResult;
}

export function knockOut(
  model: Vlm,
  { picture, question, knockOut: struck, options }: KnockOutJob["given"],
): Promise<KnockOutResult> {
  return knockOutMaps(model, picture, question, struck, options);
}
