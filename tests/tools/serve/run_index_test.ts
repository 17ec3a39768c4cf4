import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { openLog } from "../../../lib/run/open_log.ts";
import { Refusal } from "../../../lib/tools/serve/refusal.ts";
import { ResultsFolder } from "../../../lib/tools/serve/results_folder.ts";
import { RunIndex } from "../../../lib/tools/serve/run_index.ts";
import { readRun } from "../../../lib/tools/serve/run_record.ts";
import { Results, trainLines } from "./runs.ts";

Deno.test("a run that says it is running is believed while its log is locked, and crashed afterwards", () => {
  using results = new Results();
  const running = { status: "running", end: null, elapsedMs: null } as const;
  const folder = results.run("made_up/a", running, trainLines(0, 3));
  {
    using _log = openLog(`${folder}/log.ndjson`);
    results.age("made_up/a");
    assertEquals(readRun(folder, "made_up/a").status, "running");
  }
  const { status, reason } = readRun(folder, "made_up/a");
  assertEquals([status, reason], ["crashed", "its process ended without saying so"]);
});

Deno.test("the index notices a crash although no file changes, and looks no longer at what has ended", () => {
  using results = new Results();
  const folder = results.run("made_up/a", { status: "running", end: null, elapsedMs: null });
  const index = new RunIndex(ResultsFolder.open(results.path));
  const log = openLog(`${folder}/log.ndjson`);
  results.age("made_up/a");
  assertEquals(index.run("made_up/a").status, "running");
  log.close();
  assertEquals(index.run("made_up/a").status, "crashed");
  // Resumed: the manifest is written again.
  results.run("made_up/a", { status: "complete" });
  assertEquals(index.run("made_up/a").status, "complete");
  assertThrows(() => index.run("made_up"), Refusal, "found no manifest");
});

Deno.test("a manifest of any content becomes a run whose every field has its type", () => {
  using results = new Results();
  const of = (text: string) => {
    results.write("odd/a/manifest.json", text);
    return readRun(`${results.path}/odd/a`, "odd/a");
  };
  assertEquals(of("{ torn").status, "unreadable");
  assertEquals(of("{ torn").reason, "the manifest is no JSON");
  assertEquals(of("[]").status, "unreadable");
  const odd = of(JSON.stringify({
    experiment: 7,
    configuration: { lr: { nested: [1] }, list: [1, 2] },
    seeds: ["x", 3],
    adapter: [],
    versions: { deno: {} },
    start: "<script>",
    elapsedMs: "long",
    status: "glorious",
    verdicts: { reproduced: "many" },
    files: [{ path: 3 }, { path: "log.ndjson", bytes: "big" }],
    columns: { train: { step: { type: "vector" } }, broken: null },
  }));
  assertEquals(
    [odd.experiment, odd.start, odd.elapsedMs, odd.status, odd.seeds, odd.verdicts, odd.adapter],
    ["odd", "", null, "unreadable", [3], {}, ""],
  );
  assertEquals(odd.configuration, { lr: '{"nested":[1]}', list: "1,2" });
  assertEquals(odd.files, [{ path: "log.ndjson", bytes: null, description: "" }]);
  assertEquals(odd.columns.train.step.type, "text");
});

const claim = { id: "c", statement: "It falls.", source: "§1", criterion: "at most 1", measured: 0.5, low: 0, high: 1 };

Deno.test("an entry of the gallery is shown with its figures and verdicts", () => {
  using results = new Results();
  results.write("gallery/e/run.json", JSON.stringify({ experiment: "e", preset: "cpu" }));
  results.write("gallery/e/figures/loss.vl.json", "{}");
  results.write(
    "gallery/e/claims.json",
    JSON.stringify([{ ...claim, verdict: "reproduced" }, null, { ...claim, verdict: "inconclusive" }]),
  );
  const { status, files, verdicts } = readRun(`${results.path}/gallery/e`, "gallery/e");
  assertEquals([status, files[0].path, verdicts], ["kept", "figures/loss.vl.json", { reproduced: 1, inconclusive: 1 }]);
});

Deno.test("a thousand runs are listed, the newest first, and again at once", () => {
  using results = new Results();
  for (let run = 0; run < 1000; run++) {
    results.run(`made_up/${run}`, { start: new Date(1.7e12 + run * 1e6).toISOString() });
  }
  const index = new RunIndex(ResultsFolder.open(results.path));
  assertEquals(index.list().length, 1000);
  assertEquals([index.list()[0].id, index.list()[999].id], ["made_up/999", "made_up/0"]);
  const again = new RunIndex(ResultsFolder.open(results.path));
  again.list();
  const startedAt = performance.now();
  for (let run = 0; run < 1000; run++) again.run(`made_up/${run}`);
  assertLess(performance.now() - startedAt, 2000);
});
