/** Whole training steps of the linear-attention model, fused and separate, against the float64 definition. */
import { assert, assertEquals, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import { linearIclFused } from "../../../kernels/linear_icl/linear_icl_fused.ts";
import { chiSquareFill } from "../../../kernels/random/random_fill.ts";
import { DivergenceError } from "../../../lib/train/divergence.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { ShapeError } from "../../../lib/gpu/errors.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";
import { type LinearIclOptions, type LinearIclReplica, randomInit } from "../../../lib/models/linear_icl.ts";
import { drawKey, normals, threefry } from "../../../lib/random/random.ts";
import { poolEntries, taskRow } from "../../../lib/tasks/regression_prompts.ts";
import { linearIcl } from "../../../lib/train/linear_icl.ts";
import type { SavedState, TrainingState } from "../../../lib/train/training.ts";
import { lossAndGradient, type Model, type Prompt } from "../../oracles/linear_icl.ts";

await openGpu();

const spectrumOf = (d: number) => Array.from({ length: d }, (_, i) => 2 / (1 + i));

function replica(d: number, seed: number, context: number, lr = 0.005): LinearIclReplica {
  return { seed, context, lr, spectrum: spectrumOf(d), init: randomInit(d, 0.1, seed) };
}

interface Report {
  readonly step: number;
  readonly loss: Float32Array | null;
  readonly losses: readonly Float32Array[];
  readonly parameters: Float32Array;
  readonly diverged: ReadonlyMap<number, number>;
}

async function trained(
  options: LinearIclOptions & { from?: SavedState },
  steps: readonly number[],
  told: Report[] = [],
): Promise<Report[]> {
  using training = await linearIcl(options);
  for await (const { evaluations, ...report } of training.run({ reports: steps })) {
    told.push({ ...report, ...evaluations });
  }
  return told;
}

/** χ²(N − j) numbers (B, D) of one replica and step: their law is tested with the generator. */
async function chiSquares({ seed, context, spectrum }: LinearIclReplica, B: number, step: number) {
  const d = spectrum.length;
  using seeds = Tensor.from(Uint32Array.of(seed));
  using clock = Tensor.from(Uint32Array.of(step, step + 1, 1));
  using dof = Tensor.from(spectrum.map((_, j) => Math.max(0, context - j)), [1, d]);
  using chi = chiSquareFill({ seeds, clock, key: "chi" }, dof, B);
  return await chi.read();
}

/**
 * The prompts of one replica and step in float64. For Bartlett's A, tokens are chosen with Σ_n x_n x_nᵀ = L A Aᵀ L: column
 * k of L A for k < D, then zeros, so that the definition of the model applies unchanged. Where fused kernels draw only what
 * Σ̂ does to two vectors, these are the columns of A in a basis that begins with them.
 */
async function promptsOf(options: LinearIclOptions, index: number, step: number, model: Model): Promise<Prompt[]> {
  const { batch, tasks, pool, sampler } = options;
  const { seed, context: N, spectrum } = options.replicas[index];
  const d = spectrum.length, sd = spectrum.map(Math.sqrt), stride = 4 * Math.ceil(d / 4), row = taskRow(d);
  const entries = tasks === "dense" ? d * d : d;
  const pooled = poolEntries(seed, pool, entries);
  const chi = await chiSquares(options.replicas[index], batch, step);
  return Array.from({ length: batch }, (_, item) => {
    const draw = (key: string, count: number) => normals({ seed, key, step, item }, count);
    const choice = pool === "fresh" ? 0 : threefry([0, item, step, 0], [seed, drawKey("pool choice"), 0, 0])[0] % pool;
    const task = new Float64Array(d * d);
    if (tasks === "commuting") {
      const w = pool === "fresh" ? draw("task", d) : pooled.subarray(choice * d, (choice + 1) * d);
      w.forEach((value, i) => task[i * d + i] = value);
    } else if (pool === "fresh") {
      const w = draw("task", d * row);
      for (let i = 0; i < d; i++) task.set(w.subarray(i * row, i * row + d), i * d);
    } else task.set(pooled.subarray(choice * entries, (choice + 1) * entries));
    const query = draw("query", d).map((value, i) => sd[i] * value);
    const tokens = new Float64Array(N * d);
    if (sampler === "tokens") {
      const x = draw("tokens", N * stride);
      for (let n = 0; n < N; n++) for (let i = 0; i < d; i++) tokens[n * d + i] = sd[i] * x[n * stride + i];
    } else if (options.step === "separate" || d <= 8) {
      const z = draw("wishart", Math.max(1, d * (d - 1) / 2));
      for (let k = 0; k < Math.min(N, d); k++) {
        for (let i = k; i < d; i++) {
          tokens[k * d + i] = sd[i] * (i === k ? Math.sqrt(chi[item * d + k]) : z[i * (i - 1) / 2 + k]);
        }
      }
    } else {
      const z = draw("wishart", 2 * stride);
      const xi = [z.subarray(0, d), z.subarray(stride, stride + d)];
      const roots = [0, 1].map((k) => Math.sqrt(chi[item * d + k]));
      const columns = columnsAlong({ task, query, sd, xi, roots }, N, model);
      columns.slice(0, N).forEach((column, k) => column.forEach((value, i) => tokens[k * d + i] = sd[i] * value));
    }
    return { tokens, task, query };
  });
}

/** Both columns of Bartlett's factor in a basis that begins with L v, and the part of L (g1 + Wᵀ g2) across it. */
function columnsAlong(
  { task, query, sd, xi, roots }: {
    task: Float64Array;
    query: Float64Array;
    sd: number[];
    xi: Float64Array[];
    roots: number[];
  },
  N: number,
  { wP, wQ }: Model,
): Float64Array[] {
  const d = sd.length;
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, v, i) => sum + v * b[i], 0);
  const vector = (of: (i: number) => number) => Float64Array.from(sd, (_, i) => of(i));
  /** A vector times a (d, d) block of a matrix of `width` columns, from the left or the right. */
  const times = (m: Float64Array, first: number, width: number, x: Float64Array, left = false) =>
    vector((i) => sd.reduce((sum, _, j) => sum + m[first + (left ? j * width + i : i * width + j)] * x[j], 0));
  const W = 2 * d, [p1, p2, q1, q2] = [d * W, d * W + d, 0, d * W];
  const without = (x: Float64Array, unit: Float64Array) => {
    const along = dot(x, unit);
    return x.map((value, i) => value - along * unit[i]);
  };
  const unitOf = (x: Float64Array) => x.map((value) => value / Math.sqrt(dot(x, x)));
  const u1 = times(wQ, q1, W, query);
  const back1 = times(task, 0, d, times(wQ, q2, W, query), true);
  const v = vector((i) => sd[i] * (u1[i] + back1[i]));
  const a = unitOf(v);
  const c1 = without(xi[0], a).map((value, i) => value + roots[0] * a[i]);
  const s = vector((i) => sd[i] / N * roots[0] * Math.sqrt(dot(v, v)) * c1[i]);
  const overlap = dot(query, u1) / N;
  const [h1, h2] = [vector((i) => s[i] + query[i] * overlap), times(task, 0, d, s)];
  const [y1, y2, label] = [times(wP, p1, W, h1), times(wP, p2, W, h2), times(task, 0, d, query)];
  const delta = vector((i) => y1[i] + y2[i] - label[i]);
  const g1 = times(wP, p1, W, delta, true);
  const back2 = times(task, 0, d, times(wP, p2, W, delta, true), true);
  const b = unitOf(without(vector((i) => sd[i] * (g1[i] + back2[i])), a));
  return [c1, without(without(xi[1], a), b).map((value, i) => value + roots[1] * b[i])];
}

/** Compares loss and gradient of steps 0 and 1 of every replica with the definition. */
async function compareWithDefinition(options: LinearIclOptions) {
  const reports = await trained(options, [0, 1, 2]);
  for (const [r, { lr, spectrum }] of options.replicas.entries()) {
    const half = (2 * spectrum.length) ** 2;
    const at = (step: number) => Float64Array.from(reports[step].parameters.subarray(2 * half * r, 2 * half * (r + 1)));
    for (const step of [0, 1]) {
      const [before, after] = [at(step), at(step + 1)];
      const model = { wP: before.slice(0, half), wQ: before.slice(half) };
      const { loss, dWP, dWQ } = lossAndGradient(model, await promptsOf(options, r, step, model));
      const exact = [...dWP, ...dWQ];
      const error = Math.hypot(...exact.map((g, k) => (before[k] - after[k]) / lr - g));
      // A step is read off parameters of 24 bits.
      const rounding = Math.max(...after.map(Math.abs)) * 2 ** -23 / lr;
      const label = `${JSON.stringify({ ...options, replicas: spectrum.length })} step ${step} replica ${r}`;
      assertLess(error, 1e-5 * Math.hypot(...exact) + rounding, `gradient: ${label}`);
      assertLess(Math.abs(reports[step + 1].loss![r] / loss - 1), 1e-5, `loss: ${label}`);
    }
  }
}

const laws = (["tokens", "statistics"] as const).flatMap((sampler) =>
  (["commuting", "dense"] as const).flatMap((tasks) =>
    (["fresh", 3] as const).map((pool) => ({ sampler, tasks, pool }))
  )
);

for (const [step, dimensions] of [["fused", [1, 2, 3, 5, 8, 9]], ["separate", [3, 11]]] as const) {
  for (const d of dimensions) {
    Deno.test(`linear_icl: a ${step} step is the definition's, every law, d = ${d}`, async () => {
      // An odd batch leaves lanes idle; two tokens are fewer than most dimensions.
      const replicas = [replica(d, 7, 6, 0.2), replica(d, 8, 2, 0.3)];
      for (const law of laws) await compareWithDefinition({ replicas, batch: 9, step, ...law });
    });
  }
}

Deno.test("linear_icl: a fused step of 16 and of 30 dimensions is the definition's", async () => {
  for (const d of [16, 30]) {
    const replicas = [replica(d, 7, 6, 0.2), replica(d, 8, 1, 0.3)];
    const law = d === 16
      ? { tasks: "commuting", pool: "fresh", sampler: "statistics" } as const
      : { tasks: "dense", pool: "fresh", sampler: "tokens" } as const;
    await compareWithDefinition({ replicas, batch: 9, step: "fused", ...law });
  }
});

Deno.test("linear_icl: of nine dimensions, tokens and statistics have the same mean gradient", async () => {
  const init = randomInit(9, 0.3, 5, "all");
  const mean = async (sampler: "tokens" | "statistics", first: number) => {
    const replicas = Array.from({ length: 16 }, (_, k) => ({ ...replica(9, first + k, 4, 1e-4), init }));
    const options = { replicas, batch: 256, tasks: "dense", pool: "fresh", sampler, step: "fused" } as const;
    const [{ parameters }] = await trained(options, [40]);
    return Array.from(init, (value, k) => {
      const moves = replicas.map((_, r) => parameters[r * init.length + k] - value);
      const average = moves.reduce((sum, move) => sum + move) / 16;
      return [average, moves.reduce((sum, move) => sum + (move - average) ** 2, 0) / (15 * 16)];
    });
  };
  const [tokens, statistics] = [await mean("tokens", 0), await mean("statistics", 100)];
  const ratios = tokens.flatMap(([a, v], k) => {
    const [b, u] = statistics[k];
    return v + u > 0 ? [(a - b) ** 2 / (v + u)] : [];
  });
  assertEquals(ratios.length, 4 * 81);
  // Squares of t with 30 degrees of freedom: 30/28 on average, with a deviation of 1.6 each.
  const average = ratios.reduce((sum, ratio) => sum + ratio) / ratios.length;
  assertLess(Math.abs(average - 30 / 28), 0.45);
});

Deno.test("linear_icl: nine dimensions: the same bits alone, however often reports are due, and through a cut", async () => {
  const replicas = [replica(9, 21, 4), replica(9, 22, 12), replica(9, 23, 1)];
  const M = replicas[0].init.length;
  for (const sampler of ["tokens", "statistics"] as const) {
    const options = { replicas, ...shared, sampler, step: "fused" } as const;
    const [end] = await trained(options, [70]);
    const [alone] = await trained({ ...options, replicas: replicas.slice(1, 2) }, [70]);
    assertEquals(alone.parameters, end.parameters.slice(M, 2 * M), sampler);
    assertEquals(alone.loss![0], end.loss![1], sampler);
    const often = await trained(options, [0, 1, 2, 64, 65, 70]);
    assertEquals(often.at(-1)!.parameters, end.parameters, sampler);
    const whole = await throughCut(options, [0, 70], null);
    assertEquals(await throughCut(options, [0, 70], 37), whole, sampler);
  }
  // Where tokens are drawn, the separate kernels draw the same.
  const options = { replicas, ...shared, sampler: "tokens" } as const;
  const [fused] = await trained({ ...options, step: "fused" }, [50]);
  const [separate] = await trained({ ...options, step: "separate" }, [50]);
  assertLess(Math.max(...fused.parameters.map((value, k) => Math.abs(value - separate.parameters[k]))), 2e-5);
});

Deno.test("linear_icl: one prompt, one token, one replica", async () => {
  for (const step of ["fused", "separate"] as const) {
    for (const sampler of ["tokens", "statistics"] as const) {
      const replicas = [replica(3, 5, 1, 0.5)];
      await compareWithDefinition({ replicas, batch: 1, tasks: "dense", pool: "fresh", sampler, step });
    }
  }
});

Deno.test("linear_icl: tens of thousands of loop iterations a step leave no token out", async () => {
  const options = { replicas: [replica(2, 3, 1200, 0.1)], batch: 256, tasks: "dense", pool: "fresh" } as const;
  for (const step of ["fused", "separate"] as const) {
    const [before, after] = await trained({ ...options, sampler: "tokens", step }, [0, 1]);
    const model = {
      wP: Float64Array.from(before.parameters.subarray(0, 16)),
      wQ: Float64Array.from(before.parameters.subarray(16)),
    };
    const { dWP, dWQ } = lossAndGradient(model, await promptsOf({ ...options, sampler: "tokens" }, 0, 0, model));
    const exact = [...dWP, ...dWQ];
    const error = exact.map((g, k) => (before.parameters[k] - after.parameters[k]) / options.replicas[0].lr - g);
    assertLess(Math.hypot(...error) / Math.hypot(...exact), 1e-5, step);
  }
});

const paths = (["fused", "separate"] as const).flatMap((step) =>
  (["tokens", "statistics"] as const).map((sampler) => ({ step, sampler }))
);
const ensemble = () => [replica(3, 21, 4), replica(3, 22, 9), replica(3, 23, 2)];
const shared = { batch: 20, tasks: "dense", pool: "fresh" } as const;

Deno.test("linear_icl: a replica alone is bit-identical to itself in an ensemble", async () => {
  for (const path of paths) {
    const together = await trained({ replicas: ensemble(), ...shared, ...path }, [0, 40]);
    const alone = await trained({ replicas: ensemble().slice(1, 2), ...shared, ...path }, [0, 40]);
    assertEquals(alone[1].parameters, together[1].parameters.slice(72, 144), JSON.stringify(path));
    assertEquals(alone[1].loss![0], together[1].loss![1], JSON.stringify(path));
  }
});

Deno.test("linear_icl_fused: of more than 65 535 replicas, each is that of its seed", async () => {
  const SEEDS = 7;
  const run = async (R: number) => {
    using seeds = Tensor.from(Uint32Array.from({ length: R }, (_, r) => r % SEEDS));
    using clock = Tensor.from(Uint32Array.of(0, 3, 3));
    using context = Tensor.from(new Float32Array(R).fill(5));
    using lr = Tensor.from(new Float32Array(R).fill(0.1));
    using deviation = Tensor.from(new Float32Array(R).fill(1), [R, 1]);
    using pools = new Tensor([R, 1, 1]);
    using parameters = Tensor.from(new Float32Array(8 * R).fill(0.1), [R, 8]);
    using losses = new Tensor([3, R]);
    const [tokens, wishart, chi, query, task, pool] = ["tokens", "wishart", "chi", "query", "task", "pool"].map(
      drawKey,
    );
    const tensors = { seeds, clock, context, lr, deviation, pools, parameters, losses };
    linearIclFused({ ...tensors, B: 3, tokens, wishart, chi, query, task, pool }, { D: 1 });
    return [await parameters.read(), await losses.read()];
  };
  // In two rows of 32 769 groups, the last one has no replica.
  const many = 65_537;
  const [[few, fewLosses], [all, allLosses]] = [await run(SEEDS), await run(many)];
  assertEquals(all.findIndex((value, k) => value !== few[(Math.floor(k / 8) % SEEDS) * 8 + k % 8]), -1);
  assertEquals(
    allLosses.findIndex((loss, k) => loss !== fewLosses[Math.floor(k / many) * SEEDS + (k % many) % SEEDS]),
    -1,
  );
  assertEquals(new Set(fewLosses).size, 3 * SEEDS);
});

Deno.test("linear_icl: the same seed twice gives the same bits, another seed does not", async () => {
  for (const path of paths) {
    const run = async (seed: number) =>
      (await trained({ replicas: [{ ...replica(2, 9, 5), seed }], ...shared, ...path }, [30]))[0].parameters;
    const first = await run(1);
    assertEquals(await run(1), first);
    assert((await run(2)).some((value, k) => value !== first[k]), JSON.stringify(path));
  }
});

Deno.test("linear_icl: when reports are due does not change the training", async () => {
  for (const path of paths) {
    const options = { replicas: ensemble(), ...shared, ...path };
    const [end] = await trained(options, [150]);
    const often = await trained(options, [0, 1, 2, 3, 64, 65, 129, 150]);
    assertEquals(often.map(({ step }) => step), [0, 1, 2, 3, 64, 65, 129, 150]);
    assertEquals(often.at(-1)!.parameters, end.parameters, JSON.stringify(path));
    assertEquals(often.at(-1)!.loss, end.loss, JSON.stringify(path));
    assertEquals(often[0].loss, null);
  }
});

/** Trains to the end; where there is a cut, only to it, and from the state there on in another ensemble. */
async function throughCut(options: LinearIclOptions, steps: readonly number[], cut: number | "signal" | null) {
  const losses: number[][] = [];
  const at = new Map<number, Omit<Report, "losses">>();
  let from: TrainingState | null = null;
  for (const part of cut === null ? ["whole"] : ["first", "second"]) {
    using training = await linearIcl({ ...options, from });
    const controller = new AbortController();
    const due = part === "first" && typeof cut === "number" ? [...steps.filter((step) => step < cut), cut] : steps;
    for await (const report of training.run({ reports: due, signal: controller.signal })) {
      losses.push(...report.losses.map((row) => [...row]));
      const { step, loss, diverged, evaluations: { parameters } } = report;
      if (steps.includes(step)) at.set(step, { step, loss, diverged, parameters });
      if (part === "first" && cut === "signal") controller.abort();
    }
    from = await training.state();
    if (part === "first") assertEquals(typeof cut === "number" ? cut : 64, from.step);
  }
  return { losses, reports: [...at.values()], state: from };
}

Deno.test("linear_icl: continued from any step, it has the same bits as without a break", async () => {
  const wild = { ...replica(3, 2, 8, 1e3), init: randomInit(3, 2, 2) };
  const steps = [0, 1, 70, 130];
  for (const path of paths) {
    for (const divergence of ["stop", "mask"] as const) {
      const replicas = divergence === "mask" ? [replica(3, 21, 4), wild, replica(3, 23, 2)] : ensemble();
      const options = { replicas, ...shared, ...path, divergence };
      const whole = await throughCut(options, steps, null);
      assertEquals(whole.state!.tensors[0].name, "attention.output_query");
      assertEquals(whole.reports.at(-1)!.diverged.size, divergence === "mask" ? 1 : 0);
      // A fused dispatch makes 64 steps.
      const cuts = path.sampler === "tokens" ? [1, 3, 64, 70, 129] : [37, 65];
      for (const cut of cuts) {
        assertEquals(await throughCut(options, steps, cut), whole, `${JSON.stringify(path)} at ${cut}`);
      }
      if (path.step === "fused") {
        assertEquals(await throughCut(options, [0, 130], "signal"), await throughCut(options, [0, 130], null));
      }
    }
  }
});

Deno.test("linear_icl: fused and separate kernels draw the same numbers and stay together", async () => {
  for (const sampler of ["tokens", "statistics"] as const) {
    const options = { replicas: ensemble(), ...shared, sampler };
    const [fused] = await trained({ ...options, step: "fused" }, [50]);
    const [separate] = await trained({ ...options, step: "separate" }, [50]);
    const error = Math.max(...fused.parameters.map((value, k) => Math.abs(value - separate.parameters[k])));
    assertLess(error, 2e-5, sampler);
  }
});

Deno.test("linear_icl: a diverging replica is named with the step at which its loss was lost", async () => {
  const calm = replica(2, 1, 8, 0.01);
  const wild = { ...replica(2, 2, 8, 1e3), init: randomInit(2, 2, 2) };
  for (const path of paths) {
    const options = { ...shared, ...path };
    const both = await assertRejects(
      () => trained({ replicas: [calm, wild], ...options }, [200]),
      DivergenceError,
      "replica 1 diverged at step",
    );
    const alone = await assertRejects(() => trained({ replicas: [wild], ...options }, [200]), DivergenceError);
    assertEquals([both.replica, alone.replica], [1, 0]);
    assertEquals(both.step, alone.step);
    assertStringIncludes(both.message, "expected a finite loss, found none");
    // What was reported before is told first, and it is finite.
    const [told, before]: [Report[], number[]] = [[], [...new Set([0, 1, both.step - 1])]];
    const steps = [...before, both.step, 200];
    await assertRejects(() => trained({ replicas: [wild], ...options }, steps, told), DivergenceError);
    assertEquals(told.map(({ step }) => step), before);
    for (const { loss, parameters } of told) assert([...loss ?? [], ...parameters].every(Number.isFinite));
    // The steps before are finite: the run up to there succeeds.
    const [last] = await trained({ replicas: [wild], ...options }, [both.step]);
    assert(last.loss === null || Number.isFinite(last.loss[0]));
  }
});

Deno.test("linear_icl: a diverging replica that is masked leaves the others their bits", async () => {
  const calm = (seed: number) => replica(2, seed, 8, 0.01);
  const wild = { ...replica(2, 2, 8, 1e3), init: randomInit(2, 2, 2) };
  for (const path of paths) {
    const options = { ...shared, ...path, divergence: "mask" } as const;
    const masked = await trained({ replicas: [calm(1), wild, calm(3)], ...options }, [10, 200]);
    const whole = await trained({ replicas: [calm(1), calm(2), calm(3)], ...options }, [10, 200]);
    const alone = await assertRejects(() => trained({ replicas: [wild], ...options }, [10, 200]), DivergenceError);
    const last = masked.at(-1)!;
    assertEquals([...last.diverged], [[1, alone.step]]);
    masked.forEach(({ step, loss, parameters }, index) => {
      const M = parameters.length / 3;
      for (const r of [0, 2]) {
        assertEquals(loss![r], whole[index].loss![r]);
        assertEquals(parameters.slice(r * M, (r + 1) * M), whole[index].parameters.slice(r * M, (r + 1) * M));
      }
      assertEquals(parameters.slice(M, 2 * M).every(Number.isNaN), step >= alone.step);
    });
  }
});

Deno.test("linear_icl: shapes that do not fit are refused", async () => {
  const law = { ...shared, sampler: "statistics" } as const;
  await assertRejects(
    () => linearIcl({ replicas: [replica(2, 1, 4), replica(3, 1, 4)], ...law }),
    ShapeError,
    "expected 2 eigenvalues and 32 parameters in every replica, found 3 and 72",
  );
  await assertRejects(
    () => linearIcl({ replicas: [replica(33, 1, 4)], ...law, step: "fused" }),
    ShapeError,
    "for the fused kernel, found 33",
  );
  await assertRejects(
    () => linearIcl({ replicas: [replica(2, 1, 50_000)], ...shared, sampler: "tokens", step: "fused" }),
    ShapeError,
    "iterations a step for the fused kernel",
  );
});

Deno.test("linear_icl: numbers out of their domain are refused by replica and name", async () => {
  const good = replica(2, 1, 4);
  const cases: [Partial<LinearIclReplica>, string][] = [
    [{ seed: -1 }, "expected the seed of replica 1 to be an unsigned 32-bit integer, found -1"],
    [{ seed: 2 ** 32 }, "an unsigned 32-bit integer, found 4294967296"],
    [{ context: 0 }, "expected the context of replica 1 to be an integer from 1 to 16777216, found 0"],
    [{ context: 2.5 }, "found 2.5"],
    [{ lr: NaN }, "expected a finite learning rate of replica 1, found NaN"],
    [{ spectrum: [1, 0] }, "expected positive finite eigenvalues of replica 1, found 0"],
    [{ init: new Float32Array(32).fill(Infinity) }, "expected finite parameters of replica 1, found Infinity"],
  ];
  const law = { ...shared, sampler: "statistics" } as const;
  for (const [wrong, message] of cases) {
    const replicas = [good, { ...good, ...wrong }];
    await assertRejects(() => linearIcl({ replicas, ...law }), RangeError, message);
  }
  await assertRejects(() => linearIcl({ replicas: [], ...law }), RangeError, "at least one replica, found none");
  await assertRejects(
    () => linearIcl({ replicas: [good], ...law, batch: 0 }),
    RangeError,
    "expected a batch of at least one prompt, found 0",
  );
});

Deno.test("linear_icl: a program of separate kernels allocates while recording only", async () => {
  const replicas = [replica(11, 1, 4)];
  using training = await linearIcl({ replicas, ...shared, sampler: "statistics", step: "separate" });
  const { device } = await openGpu();
  const original = device.createBuffer;
  let buffers = 0;
  device.createBuffer = function (descriptor) {
    buffers++;
    return original.call(this, descriptor);
  };
  try {
    for await (const { step } of training.run({ reports: [100] })) assertEquals(step, 100);
  } finally {
    device.createBuffer = original;
  }
  assertEquals(buffers, 0);
});
