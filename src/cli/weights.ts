import { type WeightForm, weightForms } from "../hub/weights/weights.ts";
import { oneOf } from "./arguments.ts";

/** `--weights` of the commands that do not train. */
export function weightsArg(form: WeightForm) {
  return {
    type: "string",
    default: form,
    description: `${weightForms.join(" | ")}: weights read as float32, mapped from their file as stored, or rounded to 8 or 4 bits`,
  } as const;
}

export function weightsOf(command: string, value: string): WeightForm {
  return oneOf(command, "--weights", value, weightForms);
}
