/** The board of claims: which runs it shows, how it is written, and when the command fails. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { escape } from "@std/html/entities";
import { fromFileUrl } from "@std/path";
import { plain } from "../../../lib/claims/markdown.ts";
import { collectBoard } from "../../../lib/tools/board/collect.ts";
import { experimentNames } from "../../../lib/tools/experiments.ts";
import { boardMarkdown } from "../../../lib/tools/board/markdown.ts";
import { boardPage } from "../../../lib/tools/board/page.ts";
import { boardTable } from "../../../lib/tools/board/terminal.ts";
import { keepInGallery } from "../../../lib/tools/gallery.ts";
import { runExperiment } from "../../../lib/run/main.ts";
import { type Manifest, readManifest, writeManifest } from "../../../lib/run/manifest.ts";
import { experiment } from "../../run/fixtures/decay.ts";
import { finished, inFolder } from "../../run/subprocess.ts";
import project from "../../../deno.json" with { type: "json" };

const root = fromFileUrl(new URL("../../../", import.meta.url));

/** Runs the fixture into `results/decay/NAME` and changes what its manifest says. */
async function run(folder: string, name: string, change: Partial<Manifest> = {}, args: string[] = []): Promise<string> {
  const out = `${folder}/results/decay/${name}`;
  await runExperiment(experiment, ["--preset=short", "--quiet", `--out=${out}`, ...args]);
  writeManifest(out, { ...readManifest(out), ...change });
  return out;
}

const day = (number: number) => `2026-11-${String(number).padStart(2, "0")}T00:00:00.000Z`;
const wanted = { experiments: ["decay"] };

Deno.test("of the runs of an experiment and preset the newest complete one is shown; the gallery counts", () =>
  inFolder(async (folder) => {
    await run(folder, "a", { start: day(2) });
    const kept = await run(folder, "b", { start: day(3) });
    await run(folder, "c", { start: day(4), status: "interrupted" });
    await run(folder, "d", { start: day(1), preset: "cpu" });
    const shown = () => collectBoard(`${folder}/results`, wanted).entries.map(({ preset, start }) => [preset, start]);
    assertEquals(shown(), [["cpu", day(1)], ["short", day(3)]]);
    await keepInGallery(kept, `${folder}/results/gallery`);
    for (const name of ["a", "b", "c", "d"]) Deno.removeSync(`${folder}/results/decay/${name}`, { recursive: true });
    assertEquals(shown(), [["short", day(3)]]);
    const [{ claims, seeds }] = collectBoard(`${folder}/results/gallery`, wanted).entries;
    assertEquals([claims[0].id, claims[0].verdict, seeds], ["rate", "reproduced", 2]);
  }));

Deno.test("a missing run, a failed or crashed newest run and unreadable claims are problems; a verdict is none", () =>
  inFolder(async (folder) => {
    const problems = (preset?: string) => collectBoard(`${folder}/results`, { ...wanted, preset }).problems;
    assertEquals(problems(), ["expected a complete run of decay, found none"]);
    const first = await run(folder, "a", { start: day(2) });
    const claims = JSON.parse(Deno.readTextFileSync(`${first}/claims.json`));
    claims[0].verdict = "not reproduced";
    Deno.writeTextFileSync(`${first}/claims.json`, JSON.stringify(claims));
    assertEquals(problems(), []);
    assertEquals(problems("paper"), ["expected a complete run of decay with --preset=paper, found none"]);
    const failed = await run(folder, "b", { start: day(3), status: "failed", reason: "disk full" });
    assertEquals(problems(), [
      `expected the newest run of decay to be complete, found that ${failed} failed: disk full`,
    ]);
    const crashed = await run(folder, "c", { start: day(4), status: "running" });
    for (const file of ["log.ndjson", "manifest.json"]) Deno.utimeSync(`${crashed}/${file}`, 0, 0);
    assertEquals(problems(), [
      `expected the newest run of decay to be complete, found that ${crashed} crashed: its process ended without saying so`,
    ]);
    Deno.removeSync(crashed, { recursive: true });
    await run(folder, "c", { start: day(4) });
    assertEquals(problems(), []);
    Deno.writeTextFileSync(`${folder}/results/decay/c/claims.json`, '[{"id": 1}]');
    assertEquals(problems(), [
      `expected ${folder}/results/decay/c/claims.json to hold claims, found: something else`,
      "expected a complete run of decay, found none",
    ]);
  }));

Deno.test("the kept board says what the gallery's claims say: ./lab claims writes it anew", () => {
  const { entries } = collectBoard(`${root}results/gallery`, { experiments: [] });
  assertEquals(Deno.readTextFileSync(`${root}results/gallery/CLAIMS.md`), boardMarkdown(entries));
});

Deno.test("each form holds claim, source, criterion, prediction, measurement with interval, and verdict", async () => {
  const { entries } = collectBoard(`${root}results/gallery`, { experiments: [] });
  assert(entries.length > 0);
  const forms = [boardTable(entries), boardMarkdown(entries), boardPage(entries)];
  for (const { experiment, claims } of entries) {
    for (const form of forms) {
      assertStringIncludes(form, experiment);
      for (const { id, verdict } of claims) {
        assertStringIncludes(form, id);
        assertStringIncludes(form, verdict);
      }
    }
    const [{ criterion, source }] = claims;
    const [table, markdown, page] = forms.map((form) => form.replaceAll(/\s+/g, " "));
    for (const text of [criterion, source]) {
      assert(table.includes(text) && markdown.includes(plain(text)) && page.includes(escape(text)), text);
    }
  }
  assertEquals(await Promise.resolve(boardTable([])), "0 runs, claims: no claims");
});

Deno.test("text from a run stays text: no tags on the page, no lines of its own in the list", () => {
  const hostile = `<script>alert(1)</script> | a\nb "c"`;
  const claim = { id: hostile, statement: hostile, source: hostile, criterion: hostile, detail: hostile };
  const over = { replicas: 4, replicasToSettle: null, rivals: { [hostile]: 0.5 } };
  const numbers = { predicted: 1, measured: 1.00001, low: 0.5, high: 2, verdict: "reproduced", ...over } as const;
  const about = { experiment: hostile, question: hostile, preset: hostile, adapter: hostile };
  const entry = { ...about, folder: "x", start: day(1), seeds: 1, claims: [{ ...claim, ...numbers }] };
  const page = boardPage([entry]);
  assert(!page.includes("<script") && !/\son\w+=/.test(page));
  assertStringIncludes(page, "&lt;script&gt;alert(1)&lt;/script&gt;");
  assert(!/(src=|href=|url\()/.test(page), "the page refers to something outside of it");
  const markdown = boardMarkdown([entry]);
  assert(!markdown.includes("<script"));
  assert(markdown.split("\n").filter((line) => /^ *- /.test(line)).every((line) => line.length <= 120));
  assertStringIncludes(
    markdown,
    '- **&lt;script>alert(1)&lt;/script> \\| a b "c"**: reproduced, 1 [0.5, 2], predicted 1\n',
  );
});

Deno.test("the command: formats, exit codes, bad input in one line", () =>
  inFolder(async (folder) => {
    const [, ...options] = project.tasks.claims.command.split(" ");
    const program = options.map((part) => part.endsWith(".ts") ? `${root}${part}` : part);
    const claims = (...args: string[]) => finished(Deno.execPath(), [...program, ...args], folder, { NO_COLOR: "1" });
    const none = await claims();
    assertEquals([none.code, none.stdout], [1, "0 runs, claims: no claims\n"]);
    assertEquals(
      none.stderr.trimEnd().split("\n"),
      experimentNames().map((name) => `missing: expected a complete run of ${name}, found none`),
    );
    Deno.mkdirSync(`${folder}/results`);
    const page = await claims("--format=html", "--out=results/claims.html", `${root}results/gallery`);
    assertEquals(page.stdout, "");
    assertMatch(Deno.readTextFileSync(`${folder}/results/claims.html`), /^<!doctype html>/);
    const cases: [string[], string][] = [
      [["--fromat=html"], "unknown option --fromat; did you mean --format?"],
      [["--format=pdf"], 'expected --format to be one of terminal|markdown|html, found "pdf"'],
      [["--preset="], "expected a value after --preset, found none (write --preset=VALUE)"],
      [["elsewhere"], "expected a folder of runs, found none at elsewhere"],
      [["a", "b"], "expected FOLDER, as in: ./lab claims FOLDER; found a b"],
    ];
    for (const [args, message] of cases) {
      const { code, stdout, stderr } = await claims(...args);
      assertEquals({ code, stdout, stderr }, { code: 2, stdout: "", stderr: `error: ${message}\n` });
    }
    const help = await claims("--help");
    assertEquals([help.code, help.stderr], [0, ""]);
    assertStringIncludes(help.stdout, "usage: ./lab claims [options] [FOLDER]");
  }));

Deno.test("an experiment's file has its name", async () => {
  for (const name of experimentNames()) {
    const module = await import(new URL(`../../../experiments/${name}.ts`, import.meta.url).href);
    assertEquals(module.experiment.name, name);
  }
});
