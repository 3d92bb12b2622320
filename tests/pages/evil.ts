/** Texts that try to be more than text: in HTML, in its attributes, in SVG, CSS, and unseen. */
const doing = "globalThis.ran=1;alert(1)";

export const evils: readonly string[] = [
  `<script>${doing}</script>`,
  `</script><script>${doing}</script>`,
  `</style><script>${doing}</script>`,
  `</title><script>${doing}</script>`,
  `</svg><script>${doing}</script><svg>`,
  `]]><script>${doing}</script>`,
  `--><script>${doing}</script><!--`,
  `<img src=x onerror="${doing}">`,
  `<svg onload="${doing}"><use href="https://example.invalid/a.svg#b"/></svg>`,
  `<svg xmlns="http://www.w3.org/2000/svg"><foreignObject><iframe srcdoc="<script>${doing}</script>"></iframe></foreignObject></svg>`,
  `" onmouseover="${doing}" autofocus onfocus="${doing}" x="`,
  `' onerror='${doing}' style='background:url(https://example.invalid/)' y='`,
  `"><img src=https://example.invalid/p.png>`,
  `<a href="javascript:${doing}">a</a><a href=data:text/html,<script>${doing}</script>>b</a>`,
  `<meta http-equiv=refresh content="0;url=https://example.invalid/"><base href="https://example.invalid/">`,
  `<link rel=stylesheet href=https://example.invalid/a.css><style>@import "https://example.invalid/b.css";</style>`,
  `<form action=https://example.invalid/><input name=a autofocus onfocus=${doing}><button>b</button></form>`,
  `<iframe src=https://example.invalid/></iframe><object data=https://example.invalid/></object><embed src=x>`,
  `<details open ontoggle="${doing}"><video><source onerror="${doing}"></video></details>`,
  `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=${doing}&gt;">`,
  `<p data-width="1}body{background:url(https://example.invalid/)" data-left="5">`,
  "{{alert(1)}} &lt;script&gt; &#60;script&#62; %3Cscript%3E \\u003cscript\\u003e",
  "\u0000\u0001\u001b[2J\u0007\u007f\u009b \ufffe\uffff \ud800 \udfff",
  "\u202e)1(trela\u2066 \u2028 \u2029 \u200b \ufeff",
  '=HYPERLINK("https://example.invalid/"),+1,-1,@SUM(1)',
  `${"<b>".repeat(300)}${"a".repeat(5000)}`,
];

/** One after the other, from a given one on, without an end. */
export function evilTurns(start: number): () => string {
  let turn = start;
  return () => evils[turn++ % evils.length];
}
