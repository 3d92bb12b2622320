/** What the demo's report needs beside the look of all pages. */
import { chartRules } from "../../elements/pages/style.ts";

export const style = `${chartRules}
.scores{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,320px),1fr));gap:20px 32px;margin-top:12px}
.score-name{display:flex;justify-content:space-between;gap:12px;margin:0}
.change{color:var(--muted);white-space:nowrap;font:var(--figures)}
.bar{display:flex;align-items:center;gap:12px;margin-top:4px}
.bar .figure{width:60px;text-align:right;white-space:nowrap}
.scene-head{display:flex;gap:24px;flex-wrap:wrap}
.scene-head .photo{width:160px}
.scene-text{flex:1;min-width:min(100%,300px)}
.block{margin-top:24px}
.block-head{margin-bottom:8px}
.row{margin-bottom:12px}
.row-name{margin:0 0 4px}
`;
