import { type ColourMap, colourAt, colourMaps } from "../../lens/colour.ts";

/** The look of the report: light or dark as the reader's system is. */
export const style = `
:root{color-scheme:light dark;--ground:#f6f7f9;--card:#fff;--ink:#14181f;--quiet:#5b6472;--line:#e2e6ec;
--m1:#8a94a6;--m2:#e0662f;--good:#14774a;--good-ground:#e2f5ea;--bad:#a3272d;--bad-ground:#fbe6e6;
--track:#eceff4}
@media (prefers-color-scheme:dark){:root{--ground:#0e1116;--card:#171b22;--ink:#e8ebf0;--quiet:#98a2b3;
--line:#2a303a;--m1:#7d8899;--m2:#ff8a4c;--good:#6fdca4;--good-ground:#12301f;--bad:#ff9a9a;
--bad-ground:#3a1719;
--track:#252b35}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);
font:15px/1.5 Inter,system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1160px;margin:0 auto;padding:40px 24px 64px}
h1{font-size:34px;line-height:1.15;letter-spacing:-.02em;margin:6px 0 12px;text-wrap:balance}
h2{font-size:20px;letter-spacing:-.01em;margin:0 0 4px}
h3{font-size:15px;margin:0;font-weight:600}
h3 .quiet{font-weight:400}
p{margin:0 0 8px}
.brand{display:flex;align-items:center;gap:8px;font-weight:600;color:var(--quiet);margin:0}
.dot{width:14px;height:14px;border-radius:50%;
background:radial-gradient(circle,var(--m2) 0 32%,transparent 34%),var(--track)}
.lead{font-size:17px;max-width:46em;color:var(--quiet)}
.quiet{color:var(--quiet)}
.small{font-size:13px}
.models{list-style:none;display:flex;flex-wrap:wrap;gap:8px 28px;padding:0;margin:16px 0 0}
.key{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:8px}
.m1{background:var(--m1)}.m2{background:var(--m2)}
section{margin-top:36px}
.card{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:20px}
.scores{display:grid;grid-template-columns:repeat(auto-fill,minmax(320px,1fr));gap:14px;margin-top:12px}
.score{padding:14px 16px}
.score-name{display:flex;justify-content:space-between;gap:12px;margin:0}
.change{color:var(--quiet);font-size:13px;white-space:nowrap}
.score .small{margin-bottom:8px}
.bar{display:flex;align-items:center;gap:10px;margin-top:6px}
.track{position:relative;flex:1;height:12px;border-radius:6px;background:var(--track)}
.fill{height:100%;border-radius:6px;min-width:2px}
.whisker{position:absolute;top:5px;height:2px;background:var(--ink);opacity:.75}
.figure{font-variant-numeric:tabular-nums}
.bar .figure{width:66px;text-align:right;font-weight:600;white-space:nowrap}
.scene-head{display:flex;gap:24px;flex-wrap:wrap}
.scene-text{flex:1;min-width:300px}
figure{margin:0}
img{display:block;width:100%;image-rendering:pixelated;border-radius:8px}
.smooth img{image-rendering:auto}
.main{width:240px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;margin-top:8px;font-size:14px}
th{text-align:left;color:var(--quiet);font-weight:500;font-size:13px}
th,td{padding:5px 14px 5px 0;border-bottom:1px solid var(--line)}
tbody tr:last-child td{border-bottom:0}
.chip{display:inline-block;padding:1px 9px;border-radius:99px;background:var(--track)}
.chip.right{color:var(--good);background:var(--good-ground)}
.chip.wrong{color:var(--bad);background:var(--bad-ground)}
.block{border-top:1px solid var(--line);margin-top:20px;padding-top:16px}
.block-head{display:flex;justify-content:space-between;align-items:baseline;gap:8px 24px;flex-wrap:wrap;
margin-bottom:10px}
.scale{display:flex;align-items:center;gap:8px;color:var(--quiet);font-size:13px}
.ramp{width:140px;height:10px;border-radius:5px}
.heat{background:${gradient(colourMaps.heat)}}
.row{display:flex;gap:16px;margin-bottom:12px}
.row-name{width:124px;flex:none;font-weight:600;font-size:14px;margin:0;padding-top:4px}
.maps{display:grid;grid-template-columns:repeat(auto-fill,minmax(132px,1fr));gap:12px;flex:1}
.maps figure{max-width:190px}
figcaption{font-size:12px;line-height:1.35;color:var(--quiet);margin-top:4px}
figcaption b{color:var(--ink);font-weight:600;font-variant-numeric:tabular-nums}
footer{margin-top:40px;color:var(--quiet);font-size:13px}
@media (max-width:720px){.row{flex-direction:column;gap:6px}.row-name{width:auto}h1{font-size:27px}
main{padding:24px 14px}}
@media print{.card{break-inside:avoid}}
`;

/** The colours from left to right. */
function gradient(map: ColourMap): string {
  const stops = Array.from({ length: 17 }, (_, i) => `rgb(${colourAt(map, i / 16).join(",")})`);
  return `linear-gradient(to right,${stops.join(",")})`;
}
