/** A language report in lines for people. */
import { shownLine } from "../../common/shown-text.ts";
import type { Estimate } from "../statistics.ts";
import type { LanguageReport } from "./measure.ts";

/** `names`: how the models are called, in the report's order. */
export function languageLines(report: LanguageReport, names: readonly string[]): string[] {
  const { models, change, texts, instructions } = report;
  const measured = models.flatMap(({ perplexity, bitsPerByte, tokens, unknown }, m) => [
    `${names[m]}: perplexity ${withInterval(perplexity, 2)}, ${withInterval(bitsPerByte, 3)} bits per byte (${texts} texts, ${tokens} tokens)`,
    ...(unknown > 0 ? [`${names[m]}: ${unknown} of these tokens stand for what it has no token for`] : []),
  ]);
  if (change === null) return [...measured, "", ...alone(report)];
  return [...measured, ...changeLines(change, names, instructions.length), "", ...sideBySide(report, names)];
}

function changeLines(
  change: NonNullable<LanguageReport["change"]>,
  [, against]: readonly string[],
  instructions: number,
): string[] {
  const { perplexityRatio, bitsPerByte, kl, sameAnswers } = change;
  const byToken =
    perplexityRatio === null || kl === null
      ? [
          "the models have different tokens: perplexities and predictions cannot be compared, bits per byte can",
        ]
      : [
          `perplexity ${withInterval(perplexityRatio, 3)} times that of ${against}`,
          `KL from ${against}: ${withInterval(kl, 4)} nats a token`,
        ];
  return [
    ...byToken,
    `bits per byte ${withInterval(bitsPerByte, 3, "always")}`,
    `${sameAnswers} of ${instructions} instructions answered in the same words`,
  ];
}

function alone({ instructions, models: [model] }: LanguageReport): string[] {
  return instructions.flatMap((text, i) => [shownLine(text), `  ${shownLine(model.answers[i])}`]);
}

function sideBySide({ instructions, models }: LanguageReport, names: readonly string[]): string[] {
  const width = Math.max(...names.map(({ length }) => length));
  const [after, before] = models;
  return instructions.flatMap((text, i) => {
    const same = after.answers[i] === before.answers[i];
    const said = (m: number) => `  ${names[m].padEnd(width)}  ${shownLine(models[m].answers[i])}`;
    return [
      shownLine(text),
      ...(same ? [`  ${"both".padEnd(width)}  ${shownLine(after.answers[i])}`] : [said(1), said(0)]),
    ];
  });
}

/** "1.012 [1.008, 1.017]" */
export function withInterval(
  { value, low, high }: Estimate,
  digits: number,
  sign: "auto" | "always" = "auto",
): string {
  const format = new Intl.NumberFormat("en", {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    signDisplay: sign,
  });
  return `${format.format(value)} [${format.format(low)}, ${format.format(high)}]`;
}
