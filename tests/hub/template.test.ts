/** Templates are programs of strangers: what would run for hours ends after a number of steps, and others are as before. */
import { Template } from "@huggingface/jinja";
import { expect, test } from "vitest";
import { openTemplate } from "../../src/hub/text/template.ts";

const doubled = (what: string, times = 60) => what.repeat(times);
const long = `{% set s = 'aaaaaaaaaa' %}${doubled("{% set s = s ~ s %}", 15)}`;
const lists = `{% set s = [1] %}${doubled("{% set s = [s, s] %}")}`;

const bombs: Readonly<Record<string, string>> = {
  "a long range": "{% for i in range(10**9) %}{% endfor %}",
  "a range of fractions": "{% for i in range(0, 1, 0.0000000001) %}{% endfor %}",
  "loops in one another": "{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}",
  "loops over one list, with nothing inside":
    "{% set a = range(900000) %}{% for i in a %}{% for j in a %}{% endfor %}{% endfor %}",
  "a text doubled by ~": `{% set s = 'aaaaaaaaaa' %}${doubled("{% set s = s ~ s %}")}{{ s }}`,
  "a text doubled by +": `{% set s = 'aaaaaaaaaa' %}${doubled("{% set s = s + s %}")}{{ s }}`,
  "a text doubled in a namespace":
    "{% set n = namespace(s='aaaa') %}{% for i in range(100) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
  "a list doubled": `{% set s = [1] %}${doubled("{% set s = s + s %}")}`,
  "a list of itself, written": `${lists}{{ s }}`,
  "a list of itself, as JSON": `${lists}{{ s|tojson }}`,
  "a list of itself, joined to a text": `${lists}{{ s ~ '' }}`,
  "a mapping of itself": `{% set s = {'a': 1} %}${doubled("{% set s = {'a': s, 'b': s} %}")}{{ s|tojson }}`,
  "a namespace of itself": "{% set n = namespace() %}{% set n.x = [n, n] %}{{ n }}",
  join: `{% set a = range(100000) %}{{ a|join('${"x".repeat(100_000)}') }}`,
  replace: `${long}{{ s|replace('a', s) }}`,
  "replace as a method": `${long}{{ s.replace('', s) }}`,
  "replace by its name": `${long}{{ s['replace']('', s) }}`,
  indent: "{{ 'a\nb\nc'|indent(1000000000) }}",
  "indented JSON": "{{ [1, 2]|tojson(indent=1000000000) }}",
  sort: `${long}{% set a = [s, s, s, s] %}${doubled("{% set a = a + a %}", 10)}{{ a|sort|length }}`,
  search: `${long}{% set p = 'b' ~ s[:160000] %}{% for i in range(100) %}{{ p in s }}{% endfor %}`,
  "a text walked over again and again": `${long}{% for i in range(100000) %}{% set t = s|upper %}{% endfor %}`,
  "a text cut again and again": `${long}{% for i in range(10000) %}{% set t = s[::-1] %}{% endfor %}`,
  "the time in many ways": "{% for i in range(200000) %}{{ strftime_now('%b' ~ i) }}{% endfor %}",
  "a macro of itself": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
  "a macro of itself twice":
    "{% macro f(n) %}{% if n > 0 %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}{{ f(60) }}",
  "a long macro made often": `{% for i in range(1000000) %}{% macro f() %}${"{{ a }}".repeat(1000)}{% endmacro %}{% endfor %}`,
  "calls in calls": `{% macro m() %}{{ caller() }}{{ caller() }}{% endmacro %}${"{% call m() %}".repeat(40)}x${"{% endcall %}".repeat(40)}`,
  "many brackets": `{{ ${"(".repeat(50_000)}1${")".repeat(50_000)} }}`,
  "a long sum": `{{ 1${" + 1".repeat(20_000)} }}`,
  "many filters": `{{ 'a'${"|upper".repeat(20_000)} }}`,
  "many conditions": `${"{% if 1 %}".repeat(5000)}${"{% endif %}".repeat(5000)}`,
  "much white space": `x${" ".repeat(190_000)}y`,
  "a long text": "x".repeat(3_000_000),
};

test.each(Object.entries(bombs))("%s ends", (_, text) => {
  expect(() => openTemplate(text).render({ messages: [{ role: "user", content: "hi" }] })).toThrow(
    /steps|deep|at most/,
  );
});

test("a limit grows with the conversation: a long one is rendered", () => {
  const text =
    "{% for m in messages[::-1] %}{{ m.content|trim }}{% if not loop.last %}, {% endif %}{% endfor %}";
  const messages = Array.from({ length: 5000 }, (_, i) => ({ role: "user", content: `${i} `.repeat(200) }));
  expect(openTemplate(text).render({ messages })).toBe(new Template(text).render({ messages }));
});

const messages = [
  { role: "system", content: "Be  short. " },
  { role: "user", content: [{ type: "image" }, { type: "text", text: "What\nis <it>?" }] },
  { role: "assistant", content: "<think>hm</think>\n\nA cat." },
];
const features = [
  "{% for m in messages %}{{ loop.index0 }}{{ m['role'] }}: {{ m.content if m.content is string else m.content|length }}\n{% endfor %}",
  "{% set ns = namespace(n=0) %}{% for m in messages %}{% if m.role == 'user' %}{% set ns.n = ns.n + 1 %}{% continue %}{% endif %}x{% endfor %}{{ ns.n }}",
  "{% macro show(c, pre='> ') %}{% for p in c %}{{ pre ~ (p.text or p.type) }}{% endfor %}{% endmacro %}{{ show(messages[1].content) }}{{ show(messages[1]['content'], pre='') }}",
  "{% set c = messages[-1].content %}{% if '</think>' in c %}{{ c.split('</think>')[-1].lstrip('\\n') }}{% endif %}",
  "{{ messages|tojson(indent=2) }}{{ messages[0]|tojson }}{{ [1, 2.0, true, none]|tojson }}",
  "{% for m in messages|selectattr('role', 'equalto', 'user') %}{{ m.content|map(attribute='type')|join(', ') }}{% endfor %}",
  "{% for i in range(2, 9, 3) %}{{ i }}{% else %}none{% endfor %}{% for i in range(3) %}{{ i }}{% endfor %}{% for i in range(5, 0, -2) %}{{ i }}{% endfor %}",
  "{{ (messages[0].content|trim|upper).replace('SHORT', 'long') }}{{ 'a\nb'|indent(2, true) }}{{ missing|default('none') }}",
  "{% filter upper %}{% generation %}{{ messages[0].role }}{% endgeneration %}{% endfilter %}{{ True and not none }}{{ strftime_now('%Y')|length }}",
  "{% for k, v in messages[0]|dictsort %}{{ k }}={{ v }};{% endfor %}{{ 'b,a'.split(',')|sort|first }}{{ 7 // 2 * 1.5 ** 2 }}",
];

test.each(features)("renders as without limits: %s", (text) => {
  expect(openTemplate(text).render({ messages })).toBe(new Template(text).render({ messages }));
});
