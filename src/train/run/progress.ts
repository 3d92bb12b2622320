import { MultiBar } from "cli-progress";
import { formatSeconds } from "../../common/duration.ts";
import { shownText } from "../../common/shown-text.ts";
import { cleanOnSuddenEnd } from "../../common/signals.ts";
import type { EvalLine, StepLine } from "../report/metrics.ts";
import { describeSummary, type RunSummary } from "./summary.ts";

/** Shows a run as it goes, on standard error. */
export interface ProgressView {
  /** What is trained, on what, and how: before the first step. */
  start(summary: RunSummary): void;
  step(line: StepLine): void;
  evaluation(line: EvalLine): void;
  note(text: string): void;
  end(): void;
}

/** A bar on a terminal, plain lines elsewhere. */
export function progressView(
  totalSteps: number,
  startStep: number,
  stream: NodeJS.WriteStream,
  now: () => number = () => performance.now(),
): ProgressView {
  return stream.isTTY ? bar(totalSteps, startStep, stream) : lines(totalSteps, stream, now);
}

/** Shows nothing. */
export const silentView: ProgressView = { start() {}, step() {}, evaluation() {}, note() {}, end() {} };

function bar(totalSteps: number, startStep: number, stream: NodeJS.WriteStream): ProgressView {
  const format = "{bar} {value}/{total}  {text}";
  let shown: ReturnType<typeof open> | undefined;
  const open = () => {
    const bars = new MultiBar({ format, stream, barsize: 24, hideCursor: true, clearOnComplete: false });
    const settled = cleanOnSuddenEnd(() => bars.stop()); // Shows the cursor again.
    return { bars, settled, one: bars.create(totalSteps, startStep, { text: "compiling" }) };
  };
  const note = (text: string) => {
    const line = `${shownText(text)}\n`;
    if (shown === undefined) stream.write(line);
    else shown.bars.log(line);
  };
  return {
    start(summary) {
      shown = open();
      describeSummary(summary).forEach(note);
    },
    step: (line) => shown?.one.update(line.step, { text: describeStep(line, totalSteps) }),
    evaluation: (line) => note(describeEval(line)),
    note,
    end() {
      shown?.settled();
      shown?.bars.stop();
    },
  };
}

/** Milliseconds after which a step has a line in any case. */
const longestSilence = 300_000;

/** Ten lines at the start of a run and then one at every hundredth of it, or after five minutes. */
function lines(totalSteps: number, stream: NodeJS.WriteStream, now: () => number): ProgressView {
  const every = Math.max(1, Math.floor(totalSteps / 100));
  let last = now();
  const write = (text: string) => stream.write(`${shownText(text)}\n`);
  return {
    start: (summary) => describeSummary(summary).forEach(write),
    step: (line) => {
      const isRound = line.step <= 10 || line.step % every === 0 || line.step === totalSteps;
      if (!isRound && now() - last < longestSilence) return;
      last = now();
      write(`step ${line.step}/${totalSteps}  ${describeStep(line, totalSteps)}`);
    },
    evaluation: (line) => write(describeEval(line)),
    note: write,
    end() {},
  };
}

/** `loss 1.234 (ntp 0.512, lll 0.722)  12,345 tokens/s  2 min 5 s left` */
export function describeStep(line: StepLine, totalSteps: number): string {
  const left = formatSeconds((totalSteps - line.step) * line.secondsPerStep);
  const speed = Math.round(line.tokensPerSecond).toLocaleString("en-GB");
  return `${describeLoss(line)}  ${speed} tokens/s  ${left} left`;
}

const describeEval = (line: EvalLine) => `evaluation at step ${line.step}: ${describeLoss(line)}`;

function describeLoss({ loss, parts }: Pick<StepLine, "loss" | "parts">): string {
  const losses = Object.entries(parts).filter(([name]) => !name.includes(".")); // `lll.positive` is a part's part.
  const each = losses.map(([name, value]) => `${name} ${value.toFixed(3)}`);
  return `loss ${loss.toFixed(3)} (${each.join(", ")})`;
}
