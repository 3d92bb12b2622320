import { chartRules } from "../../elements/pages/style.ts";
import { seriesStyle } from "../plots/palette.ts";

/** What a leaderboard needs beside the look of all pages. */
export const pageStyle = `${seriesStyle}${chartRules}
.scroll{overflow-x:auto;-webkit-overflow-scrolling:touch}
.scroll:focus-visible,summary:focus-visible,input:focus-visible{
outline:2px solid var(--focus);outline-offset:2px}
.board{min-width:max-content}
.board th,.board td{padding:9px 18px 9px 0;vertical-align:top;text-align:left}
.board tbody th{font-weight:600;color:var(--ink);font-size:13px;min-width:150px;max-width:280px;
overflow-wrap:anywhere;position:sticky;left:0;background:var(--ground);z-index:1}
.board thead th:first-child{position:sticky;left:0;background:var(--ground);z-index:1}
.board tbody+tbody tr:first-child>*{border-top:2px solid var(--hairline)}
.board tbody:first-of-type tr:last-child>*{border-bottom:1px solid var(--hairline)}
.board tbody:last-child tr:last-child>*{border-bottom:0}
.board .chance th,.board .chance td{color:var(--muted);font-weight:400}
.board td{min-width:104px;font-variant-numeric:tabular-nums}
.who-cell{display:flex;gap:8px;align-items:baseline}
.who-cell .key{flex:none;margin:0}
.rank{min-width:1em;color:var(--muted);font-weight:400}
.interval{display:block;color:var(--muted);font-size:11.5px;white-space:nowrap}
.address{white-space:normal;overflow-wrap:anywhere;font-weight:400}
.cell .track{height:6px;margin-top:5px;max-width:130px}
.cell .whisker{top:2px}
.best{font-weight:700}
.plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,400px),1fr));
gap:18px 24px;margin-top:14px}
.plots h3{font-size:13px;margin-bottom:2px}
.plots svg{display:block;width:100%;height:auto}
.legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 20px;padding:0;margin:12px 0 0;font-size:13px}
.legend li{display:flex;align-items:center;gap:7px;overflow-wrap:anywhere}
.legend svg{flex:none;width:22px;height:14px}
.part{border-top:1px solid var(--hairline);margin-top:20px;padding-top:16px}
.part-head{display:flex;flex-wrap:wrap;justify-content:space-between;gap:4px 20px;align-items:baseline}
details{margin-top:14px}
summary{cursor:pointer;color:var(--muted);font-size:13px}
.examples{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,250px),1fr));
gap:22px 20px;margin-top:12px}
.example{min-width:0}
.shot{position:relative;border:1px solid var(--hairline);border-radius:var(--radius);overflow:hidden;background:var(--surface)}
.shot img{width:100%;border-radius:0;height:auto;image-rendering:auto}
.shot:has(fovea-map){border:0;overflow:visible;background:none}
.overlay{position:absolute;inset:0;width:100%;height:100%}
.missing{padding:40px 12px;text-align:center;color:var(--muted);font-size:13px}
.question{font-weight:600;margin:9px 0 5px;overflow-wrap:anywhere;font-size:13px}
.said{list-style:none;margin:0;padding:0;font-size:13px;display:grid;gap:4px}
.said li{display:flex;flex-wrap:wrap;gap:2px 6px;align-items:baseline;min-width:0}
.said .who{color:var(--muted);flex:0 1 auto;max-width:55%;white-space:nowrap;overflow:hidden;
text-overflow:ellipsis}
.said .key{flex:none;margin:0;border-radius:50%}
.said .chip{flex:0 1 auto;border-radius:var(--radius);white-space:pre-wrap;overflow-wrap:anywhere;max-width:100%}
.said details{margin:0;min-width:0}
.said summary{font-size:13px;color:inherit}
.facts{color:var(--muted);font-size:11.5px;margin:6px 0 0}
.toggle{display:flex;align-items:center;gap:7px;font-size:13px;color:var(--muted);cursor:pointer}
section:has(.toggle input:not(:checked)) .evidence{display:none}
.plain td,.plain th{white-space:nowrap}
.plain td.name{white-space:normal;min-width:120px;overflow-wrap:anywhere}
.number{text-align:right}
@media (max-width:720px){.board tbody th{max-width:42vw;min-width:118px}}
.toggle input{accent-color:var(--ink)}
@media print{.scroll{overflow:visible}details{display:none}}
`;
