/** What a study leaves to be read: `report.json`, `report.md`, `curves.svg`, `curves-dark.svg` and `index.html`. */
import { join } from "node:path";
import { writeFileWhole } from "../common/files.ts";
import { learningSvg } from "../harness/plots/learning-curves.ts";
import { night, nightGround, paper, paperGround } from "../harness/plots/palette.ts";
import { figureKeys, learningFigure } from "./figure.ts";
import { studyPage } from "./page.ts";
import { shownScenes } from "./pictures.ts";
import type { Plan } from "./plan.ts";
import type { RunRecord } from "./record.ts";
import { reportOf, type StudyReport } from "./report.ts";
import { reportMarkdown } from "./table.ts";

/** Writes the report of the records into the folder of the study, and gives it. */
export async function writeStudy(
  out: string,
  plan: Plan,
  records: readonly RunRecord[],
): Promise<StudyReport> {
  const report = reportOf(plan, records);
  const figure = learningFigure(records, report.arms, figureKeys(records), {
    title: "What each arm learns from how many pictures",
    note: "Held-out pictures; bands are 95 % intervals over pictures of all seeds; dotted: where a score counts as reached.",
  });
  const page = await studyPage(report, figure, await shownScenes(out, plan, report));
  await writeFileWhole(join(out, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
  await writeFileWhole(join(out, "report.md"), reportMarkdown(report));
  await writeFileWhole(join(out, "curves.svg"), learningSvg(figure, paper, paperGround));
  await writeFileWhole(join(out, "curves-dark.svg"), learningSvg(figure, night, nightGround));
  await writeFileWhole(join(out, "index.html"), page);
  return report;
}
