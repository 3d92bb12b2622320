import { expect, test } from "vitest";
import { codeBlock, codeSpan, escapeMarkdown, withoutHtml } from "../../src/common/markdown.ts";

test("text in Markdown stays text on one line", () => {
  expect(escapeMarkdown("a <img src=x onerror=alert(1)> | [b](javascript:c) ![d](e) `f` *g* &lt;\n# h")).toBe(
    "a \\<img src=x onerror=alert(1)\\> \\| \\[b\\](javascript:c) !\\[d\\](e) \\`f\\` \\*g\\* \\&lt; # h",
  );
  expect(escapeMarkdown("my_model-1.5/a_b_ _c")).toBe("my_model-1.5/a_b\\_ \\_c");
  expect(escapeMarkdown("back\\`slash\u001b[31m\u202e")).toBe("back\\\\\\`slash␛\\[31m\ufffd");
});

test("code ends where it ends, and not where its text says", () => {
  expect(codeSpan("fovea train --set a=b|c")).toBe("`fovea train --set a=b\\|c`");
  expect(codeSpan("a`b``c\nd")).toBe("```a`b``c d```");
  expect(codeSpan("`")).toBe("`` ` ``");
  expect(codeBlock("yaml", "a: |\n  ```\n  <script>\n")).toBe("````yaml\na: |\n  ```\n  <script>\n````");
});

test("Markdown of others loses its HTML, outside of code, and keeps its comments", () => {
  const card =
    "## Results\n<script>a</script> b < c\n<!-- scores -->\n<!-- x><script> -->\n```yaml\na: <b>\n````\n<i>";
  expect(withoutHtml(card)).toBe(
    "## Results\n&lt;script>a&lt;/script> b &lt; c\n<!-- scores -->\n&lt;!-- x>&lt;script> -->\n```yaml\na: <b>\n````\n&lt;i>",
  );
});
