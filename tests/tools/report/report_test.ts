import { assert, assertEquals, assertLess, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { UserError } from "../../../lib/io/errors.ts";
import { readCommand } from "../../../lib/tools/command.ts";
import { command, report as reportOf } from "../../../lib/tools/report/report.ts";
import { thinned } from "../../../lib/tools/report/gather.ts";
import { MAX_BYTES } from "../../../lib/tools/report/report_page.ts";
import { Results, trainLines } from "../serve/runs.ts";

/** What the command says of arguments. */
async function report(args: readonly string[]): Promise<string> {
  return await reportOf(readCommand(command, args)!);
}

const figure = (rows: number) => ({
  path: "figures/loss.vl.json",
  content: JSON.stringify({
    title: "Loss",
    datasets: {
      curve: Array.from(
        { length: rows },
        (_, x) => ({ x, value: x === 777 ? 1e6 : Math.sin(x), group: "seed with a long name" }),
      ),
    },
    data: { name: "curve" },
    mark: "line",
    encoding: { x: { field: "x", type: "quantitative" }, y: { field: "value", type: "quantitative" } },
  }),
});

const claim = {
  ...{ id: "c", statement: "It falls.", source: "§1", criterion: "at most 1", verdict: "reproduced" },
  ...{ predicted: null, measured: 0.5, low: 0.25, high: 0.75, replicas: 2, replicasToSettle: null },
};

/** What the page holds as data. */
function dataIn(page: string) {
  return JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)![1]);
}

Deno.test("one page holds runs, their claims, figures and method, and names no other place", async () => {
  using results = new Results();
  const { path, content } = figure(100);
  const files = [{ path, bytes: content.length, description: "" }];
  results.run("grokking/a", { experiment: "grokking", files }, trainLines(0, 10));
  results.write("grokking/a/figures/loss.vl.json", content);
  results.write("grokking/a/claims.json", JSON.stringify([claim, null]));
  results.run("made_up/</script><b>", { question: "</script><script>alert(1)</script>" });
  const out = `${results.path}/report.html`;
  const line = await report([
    `${results.path}/grokking/a`,
    `${results.path}/made_up/</script><b>`,
    `--out=${out}`,
  ]);
  assertMatch(line, /^report: .*report\.html \(\d\.\d MB, opens anywhere without a network\)$/);
  const page = Deno.readTextFileSync(out);
  const [first, second] = dataIn(page);
  assertMatch(first.method, /^Why does a transformer generalise long after/);
  assertEquals(first.again, [
    "git checkout 0123456789abcdef0123456789abcdef01234567",
    "experiments/made_up.ts --preset=smoke",
  ]);
  assertEquals([first.claims[0].id, first.figures[0].name, first.figures[0].note], ["c", "loss", ""]);
  assertEquals(first.log.curves[0].points.length, 10);
  assertEquals(second.record.question, "</script><script>alert(1)</script>");
  assert(!page.includes("<script>alert"), "text of a run became markup");
  assertStringIncludes(page, "default-src 'none'");
  assert(
    !/<(?:script|link|img|iframe)[^>]*\b(?:src|href)=/.test(
      page.replaceAll(/<script(?: type="module")?>[^]*?<\/script>/g, ""),
    ),
  );
});

Deno.test("a page with too many rows is thinned until it is small, says so, and keeps the extremes", async () => {
  using results = new Results();
  const { path, content } = figure(60_000);
  results.run("made_up/a", { files: [{ path, bytes: content.length, description: "" }] });
  results.write("made_up/a/figures/loss.vl.json", content);
  await report([`${results.path}/made_up/a`]);
  const page = Deno.readTextFileSync(`${results.path}/made_up/a/report.html`);
  assertLess(new TextEncoder().encode(page).length, MAX_BYTES);
  const [{ figures: [{ note, spec }] }] = dataIn(page);
  assertMatch(note, /^\d+ of 60000 rows, the extremes of every curve kept$/);
  assert(spec.datasets.curve.some(({ value }: { value: number }) => value === 1e6));
});

Deno.test("rows that are no curves are not thinned", () => {
  const bars = { data: { values: Array.from({ length: 500 }, (_, index) => ({ name: String(index), value: index })) } };
  assertEquals(thinned(bars, 5), { spec: bars, before: 500, after: 500 });
});

Deno.test("says what a report is made of", async () => {
  using results = new Results();
  results.write("empty/note", "");
  const refused = async (...args: string[]) => (await assertRejects(() => report(args), UserError)).message;
  assertEquals(await refused(), "expected RUN…, as in: ./lab report results/NAME/RUN, or --sweep=NAME; found none");
  assertEquals(await refused("--uot=x"), "unknown option --uot; did you mean --out?");
  assertEquals(await refused(`${results.path}/none`), `expected a run folder, found none at ${results.path}/none`);
  assertMatch(await refused(`${results.path}/empty`), /^expected a run folder, found that the manifest is gone in /);
  assertEquals(readCommand(command, ["--help"]), null);
});
