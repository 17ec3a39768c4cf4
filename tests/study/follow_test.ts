/** Following trainings that are counted by hand: reports, checkpoints, resumption and the end, without a GPU. */
import { assertEquals, assertRejects } from "@std/assert";
import type { Checkpoints, RunState } from "../../lib/run/run_checkpoints.ts";
import { RunPhases } from "../../lib/run/run_phases.ts";
import { each, follow, type Followed, type Reported, Snapshots } from "../../lib/study/mod.ts";

/** A training whose loss at a step is the step; it runs ahead of its reports as a GPU does, unless it is paused. */
class Counting implements Followed<Reported> {
  step: number;
  #reported: number;

  constructor(from?: { readonly step: number }) {
    this.step = from?.step ?? 0;
    this.#reported = from?.step ?? -1;
  }

  async *run({ reports, pause, signal, reportStart, onWait }: Parameters<Followed<Reported>["run"]>[0]) {
    const due: Reported[] = [];
    let pending: Float32Array[] = [];
    for (const target of reports) {
      if (reportStart ? target < this.#reported : target <= this.#reported) continue;
      while (this.step < target && !signal?.aborted) pending.push(Float32Array.of(this.step++));
      if (this.step < target) break;
      due.push({ step: target, loss: pending.at(-1) ?? null, losses: pending.splice(0) });
      pending = [];
      if (!pause?.(target)) continue;
      yield* due.splice(0);
      onWait?.(target);
      await Promise.resolve();
    }
    yield* due;
  }

  state() {
    return Promise.resolve({ step: this.step, tensors: [{ name: "w", shape: [1], data: Float32Array.of(this.step) }] });
  }
}

/** A run that keeps its checkpoints in memory. */
function counted(every: number, saved: Required<RunState> | null = null) {
  const checkpoints: Required<RunState>[] = [];
  const host: Checkpoints = {
    every,
    due: () => false,
    save: ({ step, tensors, metadata = {}, replicas = 1 }) =>
      void checkpoints.push(structuredClone({ step, tensors, metadata, replicas })),
    restore: () => saved,
  };
  const controller = new AbortController();
  const moves: string[] = [];
  const progress = {
    start: (total: number, label = "", from = 0) => void moves.push(`${label} ${from}/${total}`),
    update: (step: number) => Promise.resolve(void moves.push(String(step))),
    stop: () => void moves.push("stop"),
  };
  const snapshots = Snapshots.restore(saved?.tensors ?? []);
  const phases = new RunPhases(host, snapshots, saved);
  const restored = (label: string) => phases.restored(label);
  return { run: { signal: controller.signal, progress, phases }, checkpoints, snapshots, controller, moves, restored };
}

const steps = async (reports: AsyncIterable<Reported>) => {
  const found: [number, number[]][] = [];
  for await (const { step, losses } of reports) found.push([step, losses.map(([loss]) => loss)]);
  return found;
};

Deno.test("reports come with the losses of every step since the one before, checkpoints between or not", async () => {
  for (const every of [0, 1, 3]) {
    const { run } = counted(every);
    assertEquals(await steps(follow(new Counting(), { label: "main", reports: [0, 2, 5] }, run)), [
      [0, []],
      [2, [0, 1]],
      [5, [2, 3, 4]],
    ]);
  }
});

Deno.test("--checkpoint-every=5 gives 5, 10, 15, …, wherever reports lie, in trainings one after the other", async () => {
  const { run, checkpoints } = counted(5);
  await steps(follow(new Counting(), { label: "first", reports: [0, 1, 4, 9, 23] }, run));
  await steps(follow(new Counting(), { label: "second", reports: [4, 12] }, run));
  assertEquals(checkpoints.map(({ step }) => step), [5, 10, 15, 20, 25, 30, 35]);
  const of = checkpoints.map(({ metadata: { phase, phaseStep } }) => `${phase} ${phaseStep}`);
  assertEquals(of, ["first 5", "first 10", "first 15", "first 20", "second 2", "second 7", "second 12"]);
  assertEquals(checkpoints[5].metadata.phases, '[{"label":"first","steps":23}]');
});

/** Three trainings, the second with an end of its own, the third on from a snapshot of the first. */
async function threeTrainings({ run, snapshots, restored }: ReturnType<typeof counted>): Promise<string[]> {
  const rows: string[] = [];
  const note = (label: string, { step, losses }: Reported) => rows.push(`${label} ${step}: ${losses.join()}`);
  for await (const report of follow(new Counting(restored("a")), { label: "a", reports: [0, 4, 8] }, run)) {
    note("a", report);
    if (report.step === 4) snapshots.keep("half", 4, [{ name: "w", shape: [1], data: Float32Array.of(4) }]);
  }
  const until = ({ step }: Reported) => step >= 6;
  for await (
    const report of follow(new Counting(restored("b")), { label: "b", reports: [2, 4, 6, 8, 10], until }, run)
  ) {
    note("b", report);
  }
  const half = { step: snapshots.at("half", 4)[0].data[0] };
  const third = new Counting(restored("c") ?? half);
  for await (const report of follow(third, { label: "c", reports: [4, 5, 9], reportStart: true }, run)) {
    note("c", report);
  }
  return rows;
}

Deno.test("from every checkpoint, three trainings one after the other go on as if never interrupted", async () => {
  for (const every of [1, 2, 3, 7]) {
    const whole = counted(every);
    const rows = await threeTrainings(whole);
    assertEquals(rows, [
      ...["a 0: ", "a 4: 0,1,2,3", "a 8: 4,5,6,7"],
      ...["b 2: 0,1", "b 4: 2,3", "b 6: 4,5"],
      ...["c 4: ", "c 5: 4", "c 9: 5,6,7,8"],
    ]);
    for (const saved of whole.checkpoints) {
      const again = counted(every, saved);
      const rest = await threeTrainings(again);
      assertEquals(rest, rows.slice(rows.length - rest.length), `from step ${saved.step}`);
      assertEquals(again.checkpoints, whole.checkpoints.filter(({ step }) => step > saved.step));
    }
  }
});

Deno.test("a run that is told to end saves its state once, throws, and goes on from there", async () => {
  const first = counted(1000);
  const rows: string[] = [];
  const train = async ({ run, restored, controller }: ReturnType<typeof counted>, end: number) => {
    for await (
      const { step, losses } of follow(
        new Counting(restored("main")),
        { label: "main", reports: [2, 4, 8], pause: () => true },
        run,
      )
    ) {
      rows.push(`${step}: ${losses.join()}`);
      if (step === end) controller.abort(new Error("told to end"));
    }
  };
  await assertRejects(() => train(first, 4), Error, "told to end");
  assertEquals(first.checkpoints.map(({ step }) => step), [4]);
  assertEquals(first.moves.at(-1), "stop");
  await train(counted(1000, first.checkpoints[0]), -1);
  assertEquals(rows, ["2: 0,1", "4: 2,3", "8: 4,5,6,7"]);
  const late = counted(1000);
  late.controller.abort(new Error("before it began"));
  await assertRejects(() => train(late, -1), Error, "before it began");
  assertEquals([late.checkpoints, late.moves], [[], []]);
});

Deno.test("a caller that leaves the loop ends the training: later checkpoints count its steps", async () => {
  const { run, checkpoints } = counted(3);
  for await (const { step } of follow(new Counting(), { label: "a", reports: [2, 4, 8], pause: () => true }, run)) {
    if (step === 4) break;
  }
  await steps(follow(new Counting(), { label: "b", reports: [5] }, run));
  assertEquals(checkpoints.map(({ step, metadata }) => [step, metadata.phase]), [[3, "a"], [6, "b"], [9, "b"]]);
});

Deno.test("progress begins where training does, and is told of the losses", async () => {
  const { run, moves } = counted(0);
  await steps(follow(new Counting({ step: 3 }), { label: "main", reports: [2, 5] }, run));
  assertEquals(moves, ["main 3/5", "5", "stop"]);
});

Deno.test("no reports, a label twice, and a training that does not go on where the run was are refused", async () => {
  const { run, checkpoints } = counted(2);
  await assertRejects(
    () => steps(follow(new Counting(), { label: "main", reports: [] }, run)),
    RangeError,
    'expected steps to report of training "main", found none',
  );
  await steps(follow(new Counting(), { label: "main", reports: [4] }, run));
  await assertRejects(
    () => steps(follow(new Counting(), { label: "main", reports: [4] }, run)),
    Error,
    'expected trainings with distinct labels, found "main" twice',
  );
  await assertRejects(
    () => steps(follow(new Counting(), { label: "main", reports: [4] }, counted(2, checkpoints[0]).run)),
    Error,
    'expected training "main" to go on from step 2, where the run was, found it at step 0; give it from: run.restored("main")',
  );
});

Deno.test("each maps items in order, with progress, and stops between two once told to end", async () => {
  const { run, moves, controller } = counted(0);
  assertEquals(await each([1, 2], "squares", (x, index) => x * x + index, run), [1, 5]);
  assertEquals(moves, ["squares 0/2", "1", "2", "stop"]);
  const seen: number[] = [];
  await assertRejects(
    () =>
      each([1, 2, 3], "rest", (x) => {
        seen.push(x);
        if (x === 2) controller.abort(new Error("told to end"));
      }, run),
    Error,
    "told to end",
  );
  assertEquals(seen, [1, 2]);
});
