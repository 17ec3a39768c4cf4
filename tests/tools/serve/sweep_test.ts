import { assert, assertAlmostEquals, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { openLog } from "../../../lib/run/open_log.ts";
import { meanInterval } from "../../../lib/statistics/mod.ts";
import { student } from "../../../lib/tools/serve/page/charts.js";
import { ResultsFolder } from "../../../lib/tools/serve/results_folder.ts";
import { handlerFor } from "../../../lib/tools/serve/server.ts";
import type { ShownCurves } from "../../../lib/tools/serve/sweep_curves.ts";
import { Results } from "./runs.ts";
import { makeSweep, sweepLines } from "./sweeps.ts";

function serverOf(path: string) {
  const handle = handlerFor(ResultsFolder.open(path), { port: 8000, token: null, base: "" });
  return async (path: string, query: Record<string, string> = {}) => {
    const response = await handle(new Request(`http://localhost:8000${path}?${new URLSearchParams(query)}`));
    return { status: response.status, body: await response.json() };
  };
}

const cells = ["0.1", "0.2"].flatMap((lr) =>
  ["8", "16"].map((width) => ({ values: { lr, width }, seeds: [0, 1, 2, 3] }))
);
const running = { status: "running", end: null, elapsedMs: null } as const;
const diverged = {
  status: "failed",
  reason: "replica 1 diverged at step 3: expected a finite loss, found NaN",
} as const;

/** Four cells: one of two tasks, of which one has diverged; two packed into a task that runs; one that waits. */
function someSweep(): Results {
  const results = new Results();
  makeSweep(results, "sweeps/rates", cells, [
    { parts: [{ cell: 0, seeds: [0, 1] }], manifest: {}, log: sweepLines([1, 3], 4) },
    { parts: [{ cell: 0, seeds: [2, 3] }], manifest: diverged, log: sweepLines([100, 100], 2) },
    {
      parts: [{ cell: 1, seeds: [0, 1, 2, 3] }, { cell: 2, seeds: [0, 1, 2, 3] }],
      manifest: running,
      log: sweepLines([1, 1, 1, 1, 2, 2, 2, 6], 3),
    },
    { parts: [{ cell: 3, seeds: [0, 1, 2, 3] }] },
  ]);
  return results;
}

Deno.test("a sweep is one thing: its list, its tasks with their runs, and why one has failed", async () => {
  using results = someSweep();
  using _writer = openLog(join(results.path, "sweeps/rates/tasks/t2/log.ndjson"));
  const get = serverOf(results.path);
  const { body: { sweeps, runs } } = await get("/api/runs");
  assertEquals(
    sweeps.map((
      { id, counts, cells, replicas, swept }: Record<string, unknown>,
    ) => [id, counts, cells, replicas, swept]),
    [["sweeps/rates", { complete: 1, diverged: 1, running: 1, waiting: 1 }, 4, 16, ["lr", "width"]]],
  );
  assertEquals(runs.map(({ sweep }: { sweep: string }) => sweep), ["rates", "rates", "rates"]);
  const { body: { tasks, claims } } = await get("/api/sweep", { id: "sweeps/rates" });
  assertEquals(tasks.map(({ status }: { status: string }) => status), ["complete", "diverged", "running", "waiting"]);
  assertStringIncludes(tasks[1].reason, "diverged at step 3");
  assertEquals(tasks[0].runs, ["sweeps/rates/tasks/t0"]);
  assertEquals([tasks[2].runs, tasks[3].runs], [["sweeps/rates/tasks/t2"], []]);
  assertStringIncludes(tasks[2].name, "lr=0.1, width=16, seeds 0 … 3; lr=0.2, width=8");
  assertEquals(claims, []);
});

Deno.test("curves are pooled over seeds and tasks as the library pools, those of cells side by side are told apart", async () => {
  using results = someSweep();
  using _writer = openLog(join(results.path, "sweeps/rates/tasks/t2/log.ndjson"));
  const get = serverOf(results.path);
  const curves = async (query: Record<string, string>): Promise<ShownCurves> =>
    (await get("/api/sweep-curves", { id: "sweeps/rates", ...query })).body;
  const each = await curves({ by: "" });
  assertEquals([each.read, each.of], [3, 3]);
  assertEquals([each.quantity, each.label], ['["measure","value",["loss"]]', "main"]);
  assertEquals(each.quantities.map(({ name, labels }) => [name.facets.quantity, labels]), [["loss", ["main"]], [
    "mode",
    ["main, index 1"],
  ]]);
  // What has diverged is in no curve, and is said to be missing.
  assertEquals(each.left, { diverged: 2, waiting: 4 });
  const found = each.groups.map(({ name, replicas, planned, points, running }) => ({
    name,
    replicas,
    planned,
    running,
    first: points[0]?.[1],
    steps: points.length,
  }));
  assertEquals(found, [
    { name: "lr=0.1, width=8", replicas: 2, planned: 4, running: false, first: 2, steps: 5 },
    { name: "lr=0.1, width=16", replicas: 4, planned: 4, running: true, first: 1, steps: 4 },
    { name: "lr=0.2, width=8", replicas: 4, planned: 4, running: true, first: 3, steps: 4 },
    { name: "lr=0.2, width=16", replicas: 0, planned: 4, running: true, first: undefined, steps: 0 },
  ]);
  // The page makes the interval of what it is told; the library of the values.
  const [, mean, low, high, deviation, count] = each.groups[2].points[0];
  const interval = meanInterval([2, 2, 2, 6]);
  assertEquals([mean, low, high, count], [interval.centre, 2, 6, 4]);
  assertAlmostEquals(student(count - 1) * deviation / Math.sqrt(count), interval.high - interval.centre, 1e-4);
  assertEquals(
    each.last,
    [{ cell: 0, mean: 2 / 5, deviation: Math.SQRT2 / 5, count: 2 }].map((one) => ({
      ...one,
      deviation: each.last[0].deviation,
    })),
  );
  assertAlmostEquals(each.last[0].deviation, Math.SQRT2 / 5, 1e-12);

  // Complete tasks are not cut short by one that runs, which is counted as missing.
  const rates = await curves({ by: "lr" });
  assertEquals(rates.groups.map(({ name, replicas, points }) => [name, replicas, points.length]), [["0.1", 2, 5], [
    "0.2",
    4,
    4,
  ]]);
  assertEquals(rates.left, { diverged: 2, running: 4, waiting: 4 });
  const one = await curves({ by: "*", "fix:width": "8", "fix:lr": "0.2", quantity: '["measure","value",["mode"]]' });
  assertEquals([one.label, one.groups.length, one.groups[0].points[0][1]], ["main, index 1", 1, 30]);
});

Deno.test("a task that goes on is read on, and what sweep.json should not hold leads nowhere", async () => {
  using results = someSweep();
  const log = openLog(join(results.path, "sweeps/rates/tasks/t2/log.ndjson"));
  try {
    const get = serverOf(results.path);
    const steps = async () => {
      const { body } = await get("/api/sweep-curves", { id: "sweeps/rates", by: "" });
      return body.groups[1].points.length;
    };
    assertEquals(await steps(), 4);
    const row = { kind: "measure", step: 4, series: "main", quantity: "loss", value: 7 };
    log.writeSync(
      new TextEncoder().encode(
        Array.from({ length: 8 }, (_, replica) => JSON.stringify({ ...row, replica }) + "\n").join(""),
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, 1600));
    assertEquals(await steps(), 5);
  } finally {
    log.close();
  }
  const bad = {
    name: 1,
    cells: [{}],
    tasks: [{ hash: "../../../etc", parts: [] }, { hash: "t0", parts: [{ cell: 9 }] }, 3],
  };
  results.write("sweeps/bad/sweep.json", JSON.stringify(bad));
  results.write("sweeps/torn/sweep.json", "{");
  const get = serverOf(results.path);
  const { body: { tasks, name } } = await get("/api/sweep", { id: "sweeps/bad" });
  assertEquals([name, tasks], ["sweeps/bad", [{
    hash: "t0",
    name: "",
    status: "waiting",
    reason: "",
    runs: [],
    cells: [],
  }]]);
  assertEquals((await get("/api/sweep", { id: "sweeps/torn" })).status, 404);
  assertEquals((await get("/api/sweep", { id: "../.." })).status, 400);
  assertEquals((await get("/api/sweep", { id: "sweeps" })).status, 404);
  assertEquals((await get("/api/runs")).body.sweeps.length, 2);
  // The folder of a sweep may be served itself.
  const own = serverOf(join(results.path, "sweeps/rates"));
  const { body } = await own("/api/runs");
  assertEquals([body.sweeps[0].id, body.runs.length], [".", 3]);
  assertEquals((await own("/api/run", { id: "tasks/t0" })).status, 200);
  assertEquals((await own("/api/sweep", { id: "." })).body.tasks[0].runs, ["tasks/t0"]);
});

Deno.test("more bands than a figure holds are refused in one line, and a thousand tasks are told in little", async () => {
  using results = new Results();
  const many = Array.from({ length: 1000 }, (_, index) => ({ values: { lr: String(index) }, seeds: [0] }));
  makeSweep(
    results,
    "sweeps/many",
    many,
    many.map((_, cell) => ({
      parts: [{ cell, seeds: [0] }],
      ...(cell < 3 && { manifest: {}, log: sweepLines([cell], 1) }),
    })),
  );
  const get = serverOf(results.path);
  const { status, body } = await get("/api/sweep-curves", { id: "sweeps/many", by: "lr" });
  assertEquals(status, 400);
  assertMatch(body.error, /^expected at most 60 bands in one figure, found 1000; group by an option$/);
  const all = await get("/api/sweep-curves", { id: "sweeps/many", by: "*" });
  assertEquals([all.body.groups[0].replicas, all.body.last.length, all.body.left.waiting], [3, 3, 997]);
  const told = JSON.stringify((await get("/api/sweep", { id: "sweeps/many" })).body);
  assert(told.length < 200_000, `${told.length} letters`);
});
