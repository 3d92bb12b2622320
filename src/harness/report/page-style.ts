import { pageStyle } from "../leaderboard/page-style.ts";

/** The look of the leaderboard, and what the page of one evaluation needs beside it. */
export const reportStyle = `${pageStyle}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,340px),1fr));gap:16px;margin-top:12px}
.cards:has(.looks){grid-template-columns:repeat(auto-fill,minmax(min(100%,540px),1fr))}
.asked{padding:0 0 16px;min-width:0}
.asked .question{font:600 13px/18px var(--sans);margin:0 0 8px}
.asked figure{min-width:0}
.asked .figures{display:grid;gap:12px}
.asked.looks .figures{grid-template-columns:repeat(3,minmax(0,1fr))}
.asked .shot .small-picture{image-rendering:pixelated}
.asked figcaption{font:var(--caption);margin-top:6px;overflow-wrap:anywhere}
.asked figcaption .chip{max-width:100%}
.asked figcaption .chip b{color:inherit}
.asked figcaption .interval{white-space:normal;margin-top:2px}
.asked .facts{margin:10px 0 0}
.outcome td{min-width:88px}
.total>*{border-top:2px solid var(--hairline)}
.total th,.total td{font-weight:600}
.hero .lead{max-width:52em}
@media (max-width:720px){.outcome :is(th,td):nth-child(2){display:none}
.board.outcome tbody th{min-width:76px}.board.outcome :is(th,td){padding-right:12px}.outcome td{min-width:72px}
.asked.looks .figures{grid-template-columns:repeat(2,minmax(0,1fr))}
.asked.looks .figures figure:first-child{grid-column:1/-1}}
`;
