/**
 * Walks all operations: what an operation's value depends on has a gradient, or the operation is refused by name. Values say
 * so, not declarations: every input is moved, and where the value moves with it, its gradient must not be zero.
 */
import { assert, assertEquals } from "@std/assert";
import { evaluate, record } from "../../lib/gpu/program.ts";
import { gradients } from "../../lib/autodiff/gradients.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import * as linalg from "../../lib/linalg/mod.ts";
import * as losses from "../../lib/losses.ts";
import * as baselines from "../../lib/models/baselines/mod.ts";
import * as kernels from "../../kernels/mod.ts";
import { waves } from "../oracles/waves.ts";

await openGpu();

/** Shapes of inputs, whose entries are waves around an offset, and the operation. */
interface Walk {
  readonly shapes: readonly (readonly number[])[];
  readonly offset?: number;
  readonly of: (...inputs: Tensor[]) => Tensor;
  /** `steps`: gradients are zero, as the value is constant piece by piece; `refused`: none, by name. */
  readonly kind?: "steps" | "refused";
}

const one = (of: (x: Tensor) => Tensor, more: Partial<Walk> = {}): Walk => ({
  shapes: [[2, 3]],
  offset: 0.3,
  of,
  ...more,
});
const two = (of: (a: Tensor, b: Tensor) => Tensor, more: Partial<Walk> = {}): Walk => ({
  shapes: [[2, 3], [2, 3]],
  of,
  ...more,
});
const integers = (...values: number[]) => Tensor.from(Uint32Array.from(values), undefined, "integers");
const [seeds, clock, places, targets] = [integers(1, 2), integers(0, 9, 1), integers(1, 0), integers(1, 0)];
const k = kernels;
const entries = Tensor.from(Uint32Array.of(0, 1, 2, 1, 0, 2, 1, 2), [1, 2, 2, 2], "entries");
const numbers = Tensor.from([1, -2, 0.5, 1, 2, -1, 1, 1], [1, 2, 2, 2], "numbers");
/** A symmetric positive definite matrix (N, N) that depends on every entry of x (N, N). */
const definite = (x: Tensor) =>
  k.add(k.matmul(x, x, { transposeB: true }), Tensor.from([3, 0, 0, 0, 2, 0, 0, 0, 1], [3, 3], "diagonal"));
const matrix = (of: (a: Tensor) => Tensor, more: Partial<Walk> = {}): Walk => ({ shapes: [[3, 3]], of, ...more });
const prompts = (apply: (x: Tensor, y: Tensor) => Tensor, more: Partial<Walk> = {}): Walk => ({
  shapes: [[1, 2, 4, 2], [1, 2, 4]],
  of: apply,
  ...more,
});
const baseline = (model: baselines.Baseline, more: Partial<Walk> = {}) =>
  prompts((x, y) => model.apply({ x, y }), more);
const refused = { kind: "refused" } as const;
const steps = { kind: "steps" } as const;

/** Every export that computes real numbers from real numbers. */
const OPERATIONS: Readonly<Record<string, Walk>> = {
  chiSquareFill: one((dof) => k.chiSquareFill({ seeds, clock, key: "walk" }, dof, 2), { offset: 3, ...refused }),
  embedding: { shapes: [[2, 4, 3]], of: (table) => k.embedding(places, table) },
  batchNorm: { shapes: [[2, 5, 3], [2, 3], [2, 3]], of: (x, gain, bias) => k.batchNorm(x, gain, bias) },
  layerNorm: { shapes: [[2, 5, 3], [2, 3], [2, 3]], of: (x, gain, bias) => k.layerNorm(x, gain, bias) },
  rmsNorm: { shapes: [[2, 5, 3], [2, 3]], of: (x, gain) => k.rmsNorm(x, gain) },
  logSoftmax: one((x) => k.logSoftmax(x)),
  softmax: one((x) => k.softmax(x)),
  attention: { shapes: [[1, 2, 4, 6]], of: (qkv) => k.attention({ qkv }, { heads: 1 }) },
  attentionPattern: { shapes: [[1, 2, 4, 6]], of: (qkv) => k.attentionPattern({ qkv }, { heads: 1 }), ...refused },
  gather: { shapes: [[2, 3, 2]], of: (x) => k.gather(x, places, 1) },
  scatter: { shapes: [[2, 2]], of: (x) => k.scatter(x, places, 1, 3) },
  select: one((x) => k.select(x, 1, 2)),
  sparseAttention: {
    shapes: [[1, 2, 3]],
    of: (u) => k.sparseAttention(u, { index: entries, value: numbers }),
  },
  queryTokens: { shapes: [[2, 3, 2], [2, 2, 1]], of: (x, y) => k.queryTokens(x, y) },
  momentProduct: { shapes: [[2, 3, 2], [2, 4, 2]], of: (q, z) => k.momentProduct(q, z) },
  elementwise: one(
    k.elementwise({ label: "cube", wgsl: "x*x*x", derivative: "3.0*x*x", gradient: null, reference: (x) => x }),
  ),
  pairwise: two(k.pairwise({
    label: "both",
    wgsl: "a + b",
    gradient: ({ dy }) => [dy, dy],
    reference: (a, b) => a + b,
  })),
  ...Object.fromEntries((["add", "divide", "maximum", "minimum", "multiply", "subtract"] as const).map((name) => [
    name,
    two(k[name], { offset: 2 }),
  ])),
  greater: two(k.greater, steps),
  abs: one(k.abs),
  clip: one((x) => k.clip(x, -0.7, 0.7)),
  leakyRelu: one((x) => k.leakyRelu(x, 0.1)),
  scale: one((x) => k.scale(x, 2, 1)),
  sign: one(k.sign, steps),
  ...Object.fromEntries(
    (["cos", "exp", "negate", "relu", "sigmoid", "sin", "softplus", "square", "tanh", "squareRelu", "erf"] as const)
      .map(
        (name) => [name, one((x) => k[name](x))],
      ),
  ),
  ...Object.fromEntries(
    (["log", "reciprocal", "sqrt"] as const).map((name) => [name, one((x) => k[name](x), { offset: 2 })]),
  ),
  gelu: one((x) => k.gelu(x)),
  activate: one((x) => k.activate(x, "gelu")),
  biasAct: { shapes: [[2, 4, 3], [2, 3]], of: (x, bias) => k.biasAct(x, bias, "tanh") },
  max: one((x) => k.max(x, [1])),
  mean: one((x) => k.mean(x, [1])),
  sum: one((x) => k.sum(x, [1])),
  sumTo: one((x) => k.sumTo(x, [1, 3])),
  cumulativeSum: one((x) => k.cumulativeSum(x)),
  expand: { shapes: [[2, 1]], of: (x) => k.expand(x, [2, 3]) },
  permute: one((x) => k.permute(x, [1, 0])),
  concatenate: two((a, b) => k.concatenate([a, b], 0)),
  pad: one((x) => k.pad(x, 1, 1, 2)),
  sort: one((x) => k.sort(x)),
  slice: one((x) => k.slice(x, 1, 1, 3)),
  weightedMean: { shapes: [[2, 3, 1], [2, 3, 1]], offset: 2, of: (x, weights) => k.weightedMean(x, weights) },
  matmul: { shapes: [[2, 3], [3, 2], [2]], of: (a, b, bias) => k.matmul(a, b, { bias }) },
  globalNorm: one((x) => k.globalNorm(x.reshape([6]), { replicas: 2, blocks: [{ start: 0, perReplica: 3 }] }), refused),
  append: one((x) => {
    const ring = Tensor.from(new Float32Array(6), [1, 6]);
    k.append({ row: x.reshape([6]), cursor: clock, ring });
    return k.scale(ring, 1);
  }, refused),

  crossEntropy: one((x) => losses.crossEntropy(x, targets)),
  accuracy: one((x) => losses.accuracy(x, targets), steps),
  meanSquare: two((f, y) => losses.meanSquare(f, y)),
  hinge: two((f, y) => losses.hinge(f, y)),
  logistic: two((f, y) => losses.logistic(f, y)),

  solvePositive: { shapes: [[3, 3], [3, 2]], of: (a, b) => linalg.solvePositive(definite(a), b) },
  solve: { shapes: [[3, 3], [3, 2]], of: (a, b) => linalg.solve(definite(a), b), ...refused },
  solveTriangular: { shapes: [[3, 3], [3, 2]], of: (a, b) => linalg.solveTriangular(definite(a), b), ...refused },
  solveLeastSquares: { shapes: [[4, 3], [4, 2]], of: (a, b) => linalg.solveLeastSquares(a, b), ...refused },
  solveRidge: { shapes: [[4, 3], [4, 2]], of: (a, b) => linalg.solveRidge(a, b, 0.5), ...refused },
  pinv: matrix((a) => linalg.pinv(definite(a)), refused),
  eigh: matrix((a) => linalg.eigh(definite(a)).values, refused),
  svd: matrix((a) => linalg.svd(a).u, refused),
  singularValues: matrix((a) => linalg.singularValues(a), refused),
  qr: matrix((a) => linalg.qr(a).r, refused),
  cholesky: matrix((a) => linalg.cholesky(definite(a)), refused),
  expm: matrix((a) => linalg.expm(a), refused),
  pca: { shapes: [[5, 3]], of: (x) => linalg.pca(x).components, ...refused },
  randomizedPca: { shapes: [[5, 3]], of: (x) => linalg.randomizedPca(x, 2).components, ...refused },
  principalAngles: { shapes: [[4, 2], [4, 2]], of: (a, b) => linalg.principalAngles(a, b), ...refused },
  svdOfProduct: { shapes: [[4, 2], [4, 2]], of: (a, b) => linalg.svdOfProduct(a, b).s, ...refused },
  singularValuesOfProduct: {
    shapes: [[4, 2], [4, 2]],
    of: (a, b) => linalg.singularValuesOfProduct(a, b),
    ...refused,
  },

  bayesRidge: baseline(baselines.bayesRidge({ sigmas: [0.5, 1], tau: 1 })),
  dmmse: {
    shapes: [[1, 2, 4, 2], [1, 2, 4], [1, 3, 2]],
    of: (x, y, pool) => baselines.dmmse({ pool, sigma: 1 }).apply({ x, y }),
  },
  gdPlusPlus: baseline(baselines.gdPlusPlus({ steps: 2, learningRate: 0.1, gamma: 0.2 })),
  gradientDescent: baseline(baselines.gradientDescent({ steps: 2, learningRate: 0.1 })),
  featureKernel: { shapes: [[1, 2, 3, 2]], of: (x) => baselines.featureKernel([x, k.square(x)]) },
  kernelRidge: baseline(baselines.kernelRidge({ lambda: 0.5, kernel: (x) => baselines.featureKernel([x]) }), refused),
  lasso: baseline(baselines.lasso({ lambda: 0.1 }), refused),
  leastSquares: baseline(baselines.leastSquares(), refused),
  logisticRegression: baseline(baselines.logisticRegression({ lambda: 1 }), refused),
  principalComponentRegression: baseline(baselines.principalComponentRegression({ components: [[1, 0]] }), refused),
  priorRidge: baseline(baselines.priorRidge({ variances: [1, 2], noise: 0.5 })),
  ridge: baseline(baselines.ridge({ lambda: 0.5 })),
};

/** Exports that compute no real numbers from tensors of real numbers. */
const OTHERS = [
  ...[
    "normalFill",
    "uniformFill",
    "categoricalFill",
    "multinomialFill",
    "randomFiles",
    "fill",
    "oneHot",
    "argsort",
    "argmax",
  ],
  ...["integerFill", "permutationFill"],
  ...["advance", "eighReference", "svdReference", "choleskyReference", "expmReference", "matmulReference"],
  ...["qrReference", "regressReference", "solveReference"],
  ...["hostProduct", "hostRowSpace", "hostSingularValues", "hostSvd"],
];

Deno.test("every operation is walked", () => {
  const exported = [kernels, linalg, losses, baselines].flatMap((room) =>
    Object.entries(room).filter(([, value]) => typeof value === "function" || typeof value === "object").map(([name]) =>
      name
    )
  );
  const known = new Set([...Object.keys(OPERATIONS), ...OTHERS]);
  assertEquals(exported.filter((name) => !known.has(name)), []);
  assertEquals([...known].filter((name) => !exported.includes(name)), []);
});

for (const [name, { shapes, offset = 0, of, kind }] of Object.entries(OPERATIONS)) {
  Deno.test(`${name}: a gradient wherever the value depends on an input, or a refusal by name`, async () => {
    const inputs = shapes.map((shape, index) => {
      const size = shape.reduce((product, extent) => product * extent, 1);
      return Tensor.from(waves(size, index + 1).map((value) => offset + value), shape, `input ${index}`);
    });
    using program = await record("walk", () => of(...inputs));
    program.replay();
    const before = await program.outputs.read();
    for (const input of inputs) {
      const values = await input.read();
      input.write(values.map((value, at) => value + 0.3 + 0.2 * Math.sin(7 * at)));
      program.replay();
      const moved = (await program.outputs.read()).some((value, at) => Math.abs(value - before[at]) > 1e-6);
      input.write(values);
      const found = await slopes(() => of(...inputs), input);
      const told = typeof found === "string" ? "refused" : found ? "gradient" : "zero";
      const expected = kind === "refused" ? "refused" : kind === "steps" ? "zero" : "gradient";
      assert(moved || kind === "steps", `${input.label} does not move the value: the walk sees nothing`);
      assertEquals(told, expected, `${input.label}: ${found}`);
    }
    inputs.forEach((input) => input.destroy());
  });
}

/** Whether any gradient is not zero; or the refusal. */
async function slopes(compute: () => Tensor, input: Tensor): Promise<boolean | string> {
  try {
    // Unequal weights: sums over a softmax or a norm would hide gradients.
    const found = await evaluate(() => {
      const y = compute();
      const weights = Tensor.from(waves(y.size, 5), y.shape);
      return gradients(y, [input], { weights })[0];
    });
    const values = await found.read();
    found.destroy();
    return values.some((value) => Math.abs(value) > 1e-6);
  } catch (error) {
    if (error instanceof Error && /^gradients: cannot differentiate/.test(error.message)) return error.message;
    throw error;
  }
}
