import { type WeightForm, weightForms } from "../hub/weights.ts";
import { oneOf } from "./arguments.ts";

/** `--weights` of the commands that do not train. */
export function weightsArg(form: WeightForm) {
  return {
    type: "string",
    default: form,
    description: `${weightForms.join(" | ")}: read as float32, left in their file, rounded to 8 or 4 bits`,
  } as const;
}

export function weightsOf(command: string, value: string): WeightForm {
  return oneOf(command, "--weights", value, weightForms);
}
