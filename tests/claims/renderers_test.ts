/** Claims on the terminal, in Markdown and on a page: the same words everywhere. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { claimsHtml } from "../../lib/claims/html.ts";
import { claimsMarkdown, plain } from "../../lib/claims/markdown.ts";
import type { JudgedClaim } from "../../lib/claims/mod.ts";
import { readClaims, readSoundClaims } from "../../lib/claims/read_claims.ts";
import { claimsTable } from "../../lib/claims/terminal.ts";
import { threeDigits } from "../../lib/claims/judgement.ts";
import { measuredOf } from "../../lib/claims/words.ts";

const rate: JudgedClaim = {
  id: "rate",
  statement: "x shrinks.",
  source: "eq. 1",
  criterion: "ratio: mean over replicas, 95 % interval within 0.99 … 1.01",
  verdict: "reproduced",
  predicted: 1,
  measured: 1.00001,
  low: 0.9991,
  high: 1.0021,
  replicas: 3,
  replicasToSettle: null,
};
const open: JudgedClaim = {
  ...rate,
  id: "plateau",
  statement: "The loss stays.",
  verdict: "inconclusive",
  predicted: null,
  measured: 1.5,
  low: -0.25,
  high: 3.25,
  replicasToSettle: 12,
  rivals: { "closed form": 0.123, "exact flow": 0.0004 },
  detail: "over three replicas that all ended alike",
};
const missing: JudgedClaim = {
  ...rate,
  id: "events",
  verdict: "inconclusive",
  measured: null,
  low: null,
  high: null,
  replicas: 0,
  detail: "no events",
};
const settled = "12 replicas would be expected to settle it (here 3)";

Deno.test("on the terminal: an aligned table, with statement, detail, rivals and replicas to settle below each row", () => {
  assertEquals(claimsTable([rate, open, missing]).split("\n"), [
    "claim    verdict       predicted  measured  interval",
    "rate     reproduced            1         1  [0.999, 1]",
    "  x shrinks. (eq. 1)",
    "plateau  inconclusive          –       1.5  [-0.25, 3.25]",
    "  The loss stays. (eq. 1)",
    "  over three replicas that all ended alike",
    "  closed form off by 12 %, exact flow off by 0.04 %",
    `  ${settled}`,
    "events   inconclusive          1         –  –",
    "  x shrinks. (eq. 1)",
    "  no events",
  ]);
  assertEquals(claimsTable([]), "");
  assertStringIncludes(claimsTable([{ ...open, replicasToSettle: null }]), "no number of replicas up to 10 000");
});

Deno.test("on a narrow terminal lines are wrapped at spaces; criteria are shown where they are asked for", () => {
  const lines = claimsTable([open], { width: 30, criterion: true }).split("\n");
  assertEquals(lines.slice(2, 7), [
    "  The loss stays. (eq. 1)",
    "  criterion: ratio: mean over",
    "  replicas, 95 % interval",
    "  within 0.99 … 1.01",
    "  over three replicas that all",
  ]);
});

Deno.test("head and verdicts are painted where colour is wanted, and nowhere under NO_COLOR", () => {
  const [head, row] = claimsTable([rate], { width: 79, colour: true }).split("\n");
  const painted = (on: number, text: string, off: number) => Deno.noColor ? text : `\x1b[${on}m${text}\x1b[${off}m`;
  assertEquals(head, painted(1, "claim  verdict     predicted  measured  interval", 22));
  assertEquals(row.includes(painted(32, "reproduced", 39)), true);
  assertEquals(row.includes("\x1b"), !Deno.noColor);
});

Deno.test("in Markdown: a short list a claim, no line longer than a page, nothing becomes markup", () => {
  assertEquals(claimsMarkdown([rate, missing]).split("\n"), [
    "- **rate**: reproduced, 1 [0.999, 1], predicted 1",
    "  - x shrinks. (eq. 1)",
    "  - Criterion: ratio: mean over replicas, 95 % interval within 0.99 … 1.01",
    "- **events**: inconclusive, –, predicted 1",
    "  - x shrinks. (eq. 1)",
    "  - Criterion: ratio: mean over replicas, 95 % interval within 0.99 … 1.01",
    "  - no events",
  ]);
  const long = claimsMarkdown([{ ...open, criterion: "word ".repeat(200) }]);
  assert(long.split("\n").every((line) => line.length <= 118));
  assertEquals(
    plain("a | b\n`c` *d* _e_ f_g [h](i) <j> k & l &lt; \\"),
    "a \\| b \\`c\\` \\*d\\* \\_e\\_ f_g \\[h\\](i) &lt;j> k & l &amp;lt; \\\\",
  );
});

Deno.test("on a page: the same numbers and notes, escaped", () => {
  const html = claimsHtml([{ ...open, statement: '<b> & "c"' }]);
  for (const part of ["&lt;b&gt; &amp; &quot;c&quot; (eq. 1)", "1.5 [-0.25, 3.25]", ">–</td>", settled]) {
    assertStringIncludes(html, part);
  }
  assertEquals(claimsHtml([]), "");
});

Deno.test("numbers have three digits; a claim without a measurement has a dash", () => {
  assertEquals([0, 1, 0.012345, 12345, -1e-9, null].map((value) => threeDigits(value)), [
    "0",
    "1",
    "0.0123",
    "12300",
    "-1e-9",
    "–",
  ]);
  assertEquals([measuredOf(rate), measuredOf(missing)], ["1 [0.999, 1]", "–"]);
});

Deno.test("claims from a file: those of before, of other programs, and other JSON", () => {
  assertEquals(readClaims(JSON.parse(JSON.stringify([rate, open, missing]))), [rate, open, missing]);
  const { replicas: _, replicasToSettle: __, ...old } = rate;
  assertEquals(readClaims([{ ...old, errors: {} }]), [{ ...rate, replicas: 0 }]);
  for (const bad of [null, 1, {}, [null], [{ ...rate, low: "1" }], [{ ...rate, verdict: "maybe" }], [{ id: "a" }]]) {
    assertEquals(readClaims(bad), null);
  }
  assertEquals(readSoundClaims([null, rate, { id: 1 }]), [rate]);
  assertEquals(readSoundClaims("text"), []);
});
