/** The look of all HTML pages that commands write: the tokens of the elements, and what stands around them. */

/** Rules beside tokens.css. */
export const pageRules = `
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:var(--text)}
main{max-width:1120px;margin:0 auto;padding:24px 24px 48px}
h1{font:600 22px/28px var(--sans);letter-spacing:-.01em;margin:4px 0 8px;text-wrap:balance;overflow-wrap:anywhere}
h2{font:600 15px/20px var(--sans);margin:0 0 4px}
h3{font:600 13px/18px var(--sans);margin:0}
h3 .quiet{font-weight:400}
p{margin:0 0 8px}
.brand{font:600 14px/20px var(--sans);margin:0 0 16px}
.lead{font:var(--sentence);max-width:62ch;margin:0 0 12px}
.quiet{color:var(--muted)}
.small,figcaption{font:var(--caption)}
section{margin-top:24px;padding-top:16px;border-top:1px solid var(--hairline)}
figure{margin:0}
img{display:block;max-width:100%;border-radius:var(--radius)}
.seen{display:grid;grid-template-columns:160px minmax(0,1fr);gap:24px}
.seen figcaption{overflow-wrap:anywhere}
.photo img{width:100%}
figcaption{margin-top:4px;color:var(--muted)}
figcaption b{color:var(--ink);font-weight:600;font-variant-numeric:tabular-nums}
.figure{font:var(--figures);font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th{text-align:left;color:var(--muted);font-weight:400}
th,td{padding:5px 12px 5px 0;border-bottom:1px solid var(--hairline)}
.right{color:var(--right)}.wrong{color:var(--wrong)}
.letter{display:inline-grid;place-content:center;width:18px;height:18px;margin-right:8px;border-radius:var(--radius);
font:600 11px/1 var(--sans);color:var(--on-model);background:var(--muted)}
.m1{background:var(--model-a)}.m2{background:var(--model-b)}.m3{background:var(--model-c)}.m4{background:var(--model-d)}
.models{list-style:none;display:flex;flex-wrap:wrap;gap:4px 24px;padding:0;margin:8px 0 0}
.fallback{display:flex;flex-wrap:wrap;gap:12px}
.fallback figure{width:132px}
.fallback img{width:100%}
fovea-lens,fovea-attend{display:block}
footer{margin-top:32px;padding-top:12px;border-top:1px solid var(--hairline);color:var(--muted);font:var(--caption);
max-width:90ch}
@media (max-width:720px){.seen{grid-template-columns:minmax(0,1fr)}.photo{max-width:160px}main{padding:16px 12px 32px}}
@media print{section{break-inside:avoid}}
`;

/** Bars with intervals, chips of answers, keys of series: for pages with scores. */
export const chartRules = `
.key{display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:8px;print-color-adjust:exact}
.track{position:relative;flex:1;height:6px;border-radius:3px;background:var(--hairline);print-color-adjust:exact}
.fill{height:100%;border-radius:3px;min-width:2px;print-color-adjust:exact}
.whisker{position:absolute;top:2px;height:2px;background:var(--ink);opacity:.75}
.chip{display:inline-block;overflow-wrap:anywhere;font:var(--figures)}
.chip.right{color:var(--right)}.chip.wrong{color:var(--wrong)}
`;
