import { MultiBar } from "cli-progress";
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
): ProgressView {
  return stream.isTTY ? bar(totalSteps, startStep, stream) : lines(totalSteps, stream);
}

/** Shows nothing. */
export const silentView: ProgressView = { start() {}, step() {}, evaluation() {}, note() {}, end() {} };

function bar(totalSteps: number, startStep: number, stream: NodeJS.WriteStream): ProgressView {
  const format = "{bar} {value}/{total}  {text}";
  const bars = new MultiBar({ format, stream, barsize: 24, hideCursor: true, clearOnComplete: false });
  const one = bars.create(totalSteps, startStep, { text: "compiling" });
  const settled = cleanOnSuddenEnd(() => bars.stop()); // Shows the cursor again.
  const note = (text: string) => bars.log(`${shownText(text)}\n`);
  return {
    start: (summary) => describeSummary(summary).forEach(note),
    step: (line) => one.update(line.step, { text: describeStep(line, totalSteps) }),
    evaluation: (line) => note(describeEval(line)),
    note,
    end() {
      settled();
      bars.stop();
    },
  };
}

/** Ten lines at the start of a run and then one at every hundredth of it. */
function lines(totalSteps: number, stream: NodeJS.WriteStream): ProgressView {
  const every = Math.max(1, Math.floor(totalSteps / 100));
  const write = (text: string) => stream.write(`${shownText(text)}\n`);
  return {
    start: (summary) => describeSummary(summary).forEach(write),
    step: (line) => {
      const shown = line.step <= 10 || line.step % every === 0 || line.step === totalSteps;
      if (shown) write(`step ${line.step}/${totalSteps}  ${describeStep(line, totalSteps)}`);
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

/** `3 h 12 min`, `2 min 5 s` or `12 s` */
export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${whole % 60} s` : `${whole} s`;
}
