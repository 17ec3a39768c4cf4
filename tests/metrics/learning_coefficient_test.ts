import {
  assertAlmostEquals,
  assertEquals,
  assertLess,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { multiply } from "../../kernels/elementwise/binary.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { sum } from "../../kernels/reduce/reduce.ts";
import { scale, square } from "../../kernels/elementwise/unary.ts";
import { renderSvg, validate } from "../../lib/figures/mod.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import type { Tensor } from "../../lib/gpu/tensor.ts";
import { chainFigure } from "../../lib/figures/chains.ts";
import { describeChains, splitRHat } from "../../lib/metrics/chains.ts";
import {
  learningCoefficient,
  type LearningCoefficientOptions,
  learningCoefficients,
  learningCoefficientsAt,
} from "../../lib/metrics/learning_coefficient.ts";
import { reducedRankCoefficient } from "../../lib/metrics/reduced_rank.ts";
import { assertCovered, repeated } from "./coverage.ts";
import { exact, product, quartic, reducedRank } from "./densities.ts";
import { ParameterSet, type ParameterSpecs, type Weights } from "../../lib/models/parameters.ts";

await openGpu();

const CHAINS = Array.from({ length: 256 }, (_, seed) => seed);

type Dynamics = Pick<LearningCoefficientOptions, "nBeta" | "lr" | "localisation" | "burnIn" | "draws">;

async function estimate(shapes: Record<string, number[]>, loss: (weights: Weights) => Tensor, dynamics: Dynamics) {
  const specs: ParameterSpecs = Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, { shape, init: { law: "constant", value: 0 } }]),
  );
  using parameters = ParameterSet.create(specs, CHAINS);
  return await learningCoefficient({ parameters, loss: () => loss(parameters.weights), ...dynamics });
}

Deno.test("learning coefficients that are known: the quadrature's limit for large nβ", () => {
  assertAlmostEquals(exact(quartic, 1e12), 1 / 4, 1e-3);
  // Multiplicity 2: ln Z = −λ ln s + ln ln s + …, so the slope is λ − 1 / (ln s + c), to be seen from two places.
  const [a, b] = [1e6, 1e12].map((s) => exact(product, s));
  const lambda = 1 / 2;
  assertAlmostEquals(1 / (lambda - b) - 1 / (lambda - a), Math.log(1e6), 0.1);
  const known = (M: number, N: number) => reducedRankCoefficient({ inputs: M, hidden: 2, outputs: N, rank: 0 });
  for (const [M, N] of [[2, 2], [3, 1], [4, 1], [5, 1], [3, 3], [4, 2]]) {
    const { lambda, multiplicity } = known(M, N);
    if (multiplicity === 1) assertAlmostEquals(exact(reducedRank(M, N), 1e9), lambda, 5e-3, `${M} ${N}`);
    else assertAlmostEquals(exact(reducedRank(M, N), 1e9), lambda, 0.08, `${M} ${N}`);
  }
});

Deno.test("reducedRankCoefficient: all four cases, and full rank is regular in the map", () => {
  const of = (inputs: number, hidden: number, outputs: number, rank: number) =>
    reducedRankCoefficient({ inputs, hidden, outputs, rank });
  assertEquals(of(3, 2, 2, 1), { lambda: 20 / 8, multiplicity: 1 });
  assertEquals(of(3, 2, 2, 0), { lambda: 2, multiplicity: 2 });
  assertEquals(of(1, 1, 5, 0), { lambda: 1 / 2, multiplicity: 1 });
  assertEquals(of(5, 1, 1, 0), { lambda: 1 / 2, multiplicity: 1 });
  assertEquals(of(1, 5, 1, 0), { lambda: 1 / 2, multiplicity: 1 });
  // H = r = M: the map is any matrix, near a regular point of its N M entries.
  assertEquals(of(3, 3, 4, 3), { lambda: 6, multiplicity: 1 });
  assertThrows(() => of(2, 2, 2, 3), RangeError, "expected sizes ≥ 1 and a rank of 0 to 2, found 2,2,2 and 3");
});

/** Three standard errors over chains, and what the step size adds. */
function assertEstimates(found: Awaited<ReturnType<typeof estimate>>, expected: number, bias: number): void {
  const error = (found.high - found.low) / 4;
  assertLess(
    Math.abs(found.coefficient - expected),
    3 * error + bias * expected,
    `${found.coefficient} for ${expected}`,
  );
  assertLess(error, 0.1 * expected);
  assertEquals(found.warnings, []);
  assertLess(found.rHat, 1.05);
}

Deno.test("intervals hold what they should in 95 of 100 repetitions: a regular minimum has d/2, less what localisation takes", async () => {
  const [d, nBeta, localisation] = [12, 200, 20];
  const dynamics = { nBeta, localisation, lr: 2.5e-4, burnIn: 100, repetitions: 200, shapes: { w: [d] } };
  const loss = ({ weights: { w } }: ParameterSet) => scale(sum(square(w), [1]), 0.5);
  const value = d / 2 * nBeta / (nBeta + localisation);
  const found = await repeated({ ...dynamics, chains: 4, draws: 300 }, loss);
  assertCovered(found, value, 0.02);
  assertEquals([found[0].excess.length, found[0].excess[0].length, found[0].lossAtCentre], [4, 400, 0]);
  assertEquals([found[0].lossAtCentreError, found[0].heating], [0, 0]);
  // A single chain, by stretches of its draws.
  assertCovered(await repeated({ ...dynamics, chains: 1, draws: 1500 }, loss), value, 0.02);
});

Deno.test("intervals hold what they should in 95 of 100 repetitions: w⁴ is less than regular, as its density says", async () => {
  const dynamics = { nBeta: 100, localisation: 1, lr: 2e-3, burnIn: 300, draws: 600 };
  const expected = exact(quartic, 100);
  assertLess(Math.abs(expected - 0.25), 0.03);
  const found = await repeated(
    { ...dynamics, repetitions: 200, chains: 4, shapes: { w: [1] } },
    ({ weights: { w } }) => sum(square(square(w)), [1]),
  );
  assertCovered(found, expected, 0.03);
});

Deno.test("intervals hold what they should in 95 of 100 repetitions: reduced-rank regression, as its density says", async () => {
  const dynamics = { nBeta: 10, localisation: 1, lr: 5e-3, burnIn: 600, draws: 800 };
  const expected = exact(reducedRank(2, 2), 10);
  // Far below d/2 = 4 of a regular model.
  assertLess(expected, reducedRankCoefficient({ inputs: 2, hidden: 2, outputs: 2, rank: 0 }).lambda);
  const found = await repeated(
    { ...dynamics, repetitions: 200, chains: 4, shapes: { a: [2, 2], b: [2, 2] } },
    ({ weights: { a, b } }) => scale(sum(square(matmul(b, a)), [1, 2]), 0.5),
  );
  assertCovered(found, expected, 0.04);
});

Deno.test("learningCoefficient: w₁² w₂², as its density says", async () => {
  const found = await estimate(
    { a: [1], b: [1] },
    ({ a, b }) => sum(square(multiply(a, b)), [1]),
    { nBeta: 30, localisation: 1, lr: 2e-3, burnIn: 1500, draws: 2000 },
  );
  assertEstimates(found, exact(product, 30), 0.06);
});

Deno.test("learningCoefficients: each of several minima has its own estimate, the one that it has alone", async () => {
  const dynamics = { nBeta: 100, lr: 1e-3, burnIn: 20, draws: 100 };
  const [first, second] = [1, 5];
  const at = async (values: readonly number[], seeds: readonly number[], chains: number) => {
    using parameters = ParameterSet.create({ w: { shape: [1], init: { law: "constant", value: 0 } } }, seeds);
    parameters.flat.write(parameters.pack([{ name: "w", shape: [seeds.length, 1], data: Float32Array.from(values) }]));
    // The losses are w⁴ and so differ in level and curvature at the two centres.
    const loss = () => sum(square(square(parameters.weights.w)), [1]);
    return await learningCoefficients({ parameters, loss, chains, ...dynamics });
  };
  const both = await at([first, first, second, second], [1, 2, 3, 4], 2);
  assertEquals(both.map(({ lossAtCentre }) => lossAtCentre), [1, 625]);
  assertEquals(both[1], (await at([second, second], [3, 4], 2))[0]);
  await assertRejects(
    () => at([1, 1, 1], [1, 2, 3], 2),
    RangeError,
    "learningCoefficients: expected chains that divide 3 replicas, found 2",
  );
});

Deno.test("learningCoefficient: chains that drift, disagree or diverge are warned of; the trace is drawn", async () => {
  const shapes = { w: [4] };
  const quadratic = ({ w }: Weights) => sum(square(w), [1]);
  const short = await estimate(shapes, quadratic, { nBeta: 100, lr: 1e-5, burnIn: 0, draws: 200 });
  assertStringIncludes(short.warnings.join(), "losses still drift");
  const wild = await estimate(shapes, quadratic, { nBeta: 1e6, lr: 1, burnIn: 0, draws: 60 });
  assertEquals(wild.warnings, ["chains diverged: a smaller lr is needed"]);
  const figure = chainFigure(short, "a quadratic");
  await validate(figure);
  assertStringIncludes(await renderSvg(figure), "warning: losses still drift");
  await assertRejects(
    () => estimate(shapes, quadratic, { nBeta: 0, lr: 1, burnIn: 0, draws: 1 }),
    RangeError,
    "learningCoefficient: expected nBeta > 0, found 0",
  );
});

Deno.test("splitRHat and describeChains: equal chains, chains apart, and a saddle", () => {
  const wave = (shift: number, slope = 0) =>
    Array.from({ length: 400 }, (_, t) => 1 + shift + Math.sin(t) / 10 + slope * t);
  assertAlmostEquals(splitRHat([wave(0), wave(0)]), 1, 0.01);
  assertLess(5, splitRHat([wave(0), wave(1)]));
  assertEquals(describeChains([wave(0), wave(0)], 0).warnings, []);
  assertStringIncludes(describeChains([wave(0), wave(1)], 0).warnings.join(), "chains disagree");
  assertStringIncludes(describeChains([wave(0), wave(0)], 2).warnings.join(), "smaller losses than at the centre");
  assertStringIncludes(describeChains([wave(0, 0.01)], 0).warnings.join(), "losses still drift");
  assertEquals(splitRHat([[1, 1]]), NaN);
});

Deno.test("coefficients of a snapshot: of each replica from its own weights, with draws of the step's own; null where chains diverge", async () => {
  const specs = { w: { shape: [3], init: { law: "constant", value: 0 } } } as const;
  using parameters = ParameterSet.create(specs, [1, 2, 3, 4, 5, 6]);
  const at = (step: number, ...data: number[]) => ({
    step,
    arrays: [{ name: "w", shape: [data.length / 3, 3], data: Float32Array.from(data) }],
  });
  const loss = () => sum(square(parameters.weights.w), [1]);
  const estimate = (snapshot: ReturnType<typeof at>, changes: Partial<Dynamics> = {}) =>
    learningCoefficientsAt(snapshot, {
      parameters,
      loss,
      chains: 3,
      ...{ nBeta: 50, lr: 1e-4, localisation: 10, burnIn: 2, draws: 8 },
      ...changes,
    });
  const found = await estimate(at(10, 1, 2, 2, 0, 3, 4));
  assertEquals(found.map((one) => one!.lossAtCentre), [9, 25]);
  assertEquals(found.map((one) => one!.chains.length), [3, 3]);
  assertEquals((await estimate(at(10, 0, 3, 4, 1, 2, 2))).map((one) => one!.lossAtCentre), [25, 9]);
  assertEquals(await estimate(at(10, 1, 2, 2, 0, 3, 4)), found);
  assertNotEquals((await estimate(at(20, 1, 2, 2, 0, 3, 4)))[0]!.chains, found[0]!.chains);
  for (const one of await estimate(at(10, 1, 2, 2, 0, 3, 4), { localisation: 1e9, lr: 1e-9 })) {
    assertAlmostEquals(one!.coefficient, 0, 0.02);
  }
  assertEquals(await estimate(at(10, 1, 2, 2, 0, 3, 4), { localisation: 1e9, lr: 1e3 }), [null, null]);
});
