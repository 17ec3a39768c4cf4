/** Factors and spectra of circuits, in every layout of the weights. */
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { attentionScores, inductionProbe } from "../../lib/circuits/attention_scores.ts";
import { circuitFactors } from "../../lib/circuits/factors.ts";
import { compareSpaces, type HostSpaces } from "../../lib/circuits/spaces.ts";
import { circuitSpectra, frobeniusNorms, marginalRanks, spacesOf } from "../../lib/circuits/spectra.ts";
import { openGpu } from "../../lib/gpu/device.ts";
import { ShapeError } from "../../lib/gpu/errors.ts";
import { evaluate } from "../../lib/gpu/program.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { svdReference } from "../../lib/linalg/mod.ts";
import { marginalEffectiveRanks } from "../../lib/metrics/mod.ts";
import { type NamedArray, ParameterSet, type Weights } from "../../lib/models/parameters.ts";
import { transformer } from "../../lib/models/transformer.ts";
import { crossEntropy } from "../../lib/losses.ts";
import { sgd } from "../../lib/optim/mod.ts";
import { repeatedSequences, withTargets } from "../../lib/tasks/mod.ts";
import { everySteps, Training } from "../../lib/train/training.ts";
import { C, circuitOf, E, H, HEADS, L, parametersOf, R } from "./matrices.ts";

await openGpu();

const arrays = parametersOf(1);

/** Weights of a model with the same attention, joined as the model has them; and the arrays as they are. */
function weightsOf(predict: "every" | "last"): { weights: Weights } & Disposable {
  const sizes = { length: 4, layers: L, heads: H, width: C, headWidth: E, mlp: 0, norm: "none" } as const;
  const biases = { attention: false, unembedding: false };
  const model = transformer({ input: { dimension: C }, outputs: 7, positions: "none", predict, biases, ...sizes });
  const set = ParameterSet.create(model.parameters, new Array<number>(R).fill(0));
  const own = (name: string) => arrays.find((array) => array.name === name);
  set.load(set.shapes.map((array): NamedArray => {
    const size = array.shape.reduce((product, extent) => product * extent, 1);
    return own(array.name) ?? { ...array, data: new Float32Array(size) };
  }));
  return { weights: set.weights, [Symbol.dispose]: () => set.destroy() };
}

/** Arrays as they are: query, key and value apart. */
function apart(): { weights: Weights } & Disposable {
  const tensors = arrays.map(({ name, shape, data }) => [name, Tensor.from(data, shape)] as const);
  return {
    weights: Object.fromEntries(tensors),
    [Symbol.dispose]: () => tensors.forEach(([, tensor]) => tensor.destroy()),
  };
}

const layouts = { fused: () => weightsOf("every"), "last position": () => weightsOf("last"), apart };

for (const [layout, make] of Object.entries(layouts)) {
  Deno.test(`circuitFactors: their product is the circuit of every head, layout ${layout}`, async () => {
    using made = make();
    for (const circuit of ["QK", "OV"] as const) {
      for (let layer = 0; layer < L; layer++) {
        const [a, b] = circuitFactors(made.weights, { layer, heads: H, circuit });
        assertEquals([a.shape, b.shape], [[R * H, C, E], [R * H, C, E]]);
        const [left, right] = [await a.read(), await b.read()];
        for (let index = 0; index < R * H; index++) {
          circuitOf(arrays, circuit, [Math.floor(index / H), layer, index % H]).forEach((expected, at) => {
            const [i, j] = [Math.floor(at / C), at % C];
            let sum = 0;
            for (let e = 0; e < E; e++) sum += left[(index * C + i) * E + e] * right[(index * C + j) * E + e];
            assertAlmostEquals(sum, expected, 1e-10);
          });
        }
        for (const tensor of [a, b]) tensor.destroy();
      }
    }
  });
}

Deno.test("circuitFactors: a missing weight, and heads that do not divide it", () => {
  using made = apart();
  const choice = { layer: 0, heads: 2, circuit: "QK" } as const;
  assertThrows(
    () => circuitFactors(made.weights, { ...choice, layer: 2 }),
    ShapeError,
    'circuits: expected a weight "blocks.2.attention.query" of shape (R, C, H E) for 2 heads, found none',
  );
  assertThrows(() => circuitFactors(made.weights, { ...choice, heads: 4 }), ShapeError, "for 4 heads, found (2, 6, 6)");
});

Deno.test("circuitSpectra: norms, marginal ranks, values and vectors of every head, replicas first", async () => {
  using made = weightsOf("every");
  for (const circuit of ["QK", "OV"] as const) {
    const options = { layers: L, heads: H, circuit, marginal: 2 };
    const found = await evaluate(() => circuitSpectra(made.weights, options));
    assertEquals([found.norms.shape, found.effectiveRanks.shape], [[R, L, H, 4], [R, L, H, 3]]);
    assertEquals([found.s.shape, found.v.shape], [[R, L, H, E], [R, L, H, C, E]]);
    const read = async (tensor: Tensor) => {
      const values = await tensor.read();
      tensor.destroy();
      return values;
    };
    const spectra = {
      norms: await read(found.norms),
      effectiveRanks: await read(found.effectiveRanks),
      s: await read(found.s),
      v: await read(found.v),
    };
    const spaces = spacesOf(spectra);
    assertEquals([spaces.shape, spaces.ranks], [[R * L * H, C, E], HEADS.map(() => E)]);
    HEADS.forEach((head, b) => {
      const matrix = circuitOf(arrays, circuit, head);
      const { s, v } = svdReference(matrix, C, C);
      assertAlmostEquals(frobeniusNorms(spectra)[b] / Math.hypot(...matrix), 1, 1e-5);
      const ranks = marginalEffectiveRanks(s.slice(0, E), 2);
      for (let k = 0; k <= 2; k++) assertAlmostEquals(marginalRanks(spectra, k)[b] / ranks[k], 1, 1e-4);
      for (let e = 0; e < E; e++) {
        assertAlmostEquals(spaces.s[b * E + e], s[e], 1e-5 * s[0]);
        const dot = Array.from({ length: C }, (_, c) => spaces.v[(b * C + c) * E + e] * v[c * C + e]);
        assertAlmostEquals(Math.abs(dot.reduce((sum, x) => sum + x)), 1, 1e-4);
      }
    });
  }
});

Deno.test("in training: spectra and attention scores at every report, by name", async () => {
  const [length, vocabulary, batch] = [8, 16, 4];
  const sizes = { outputs: vocabulary, length, layers: L, heads: H, width: C, headWidth: E, mlp: 0 };
  const model = transformer({ input: { vocabulary }, ...sizes });
  const task = withTargets(repeatedSequences({ vocabulary, length: length + 1, batch, block: 4 }));
  const { block, sample } = inductionProbe({ length, vocabulary, batch });
  using parameters = ParameterSet.create(model.parameters, [1, 2]);
  using training = await Training.create({
    parameters,
    optimizer: sgd({ lr: 0.1 }),
    loss: (weights, draw) => {
      const { inputs, targets } = task({ ...draw, key: "train" });
      return crossEntropy(model.apply(weights, inputs), targets);
    },
    evaluations: {
      QK: (weights) => circuitSpectra(weights, { layers: L, heads: H, circuit: "QK", marginal: 1 }),
      scores: (weights, draw) =>
        attentionScores(model.trace(weights, sample({ ...draw, key: "probe" }).tokens).patterns, block),
    },
  });
  const spaces: HostSpaces[] = [];
  for await (const { step, evaluations: { QK, scores } } of training.run({ reports: everySteps(2, 4) })) {
    spaces.push(spacesOf(QK));
    const arrays = await parameters.read();
    const matrix = circuitOf(arrays, "QK", HEADS[5]);
    if (step === 4) assertAlmostEquals(frobeniusNorms(QK)[5] / Math.hypot(...matrix), 1, 1e-4);
    // A model that has hardly learned anything attends uniformly.
    for (const score of [...scores.prefixMatching, ...scores.previousToken]) assertAlmostEquals(score, 0.3, 0.2);
  }
  const compared = await compareSpaces(spaces);
  assertEquals(compared.map(({ distance }) => distance.length), [8, 8, 8]);
  for (const angle of compared[2].largestAngle) assertAlmostEquals(angle, 0, 1e-3);
});
