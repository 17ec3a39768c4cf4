/** Invertible networks that mix latent variables into observations. */
import { leakyRelu } from "../../kernels/elementwise/unary.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { ShapeError } from "../gpu/errors.ts";
import { Tensor } from "../gpu/tensor.ts";
import { eighReference } from "../linalg/reference.ts";
import { choleskyReference } from "../linalg/reference_solve.ts";
import { uniforms } from "../random/random.ts";
import { checkCounts } from "./sampler.ts";

/** Widths of a mixing network, and how its matrices are chosen. */
export interface MixingNetworkOptions {
  /** Latent variables D, and observed ones. */
  readonly dimension: number;
  /** Linear maps; 4 by default. */
  readonly layers?: number;
  /** Slope of the leaky rectifier below 0, in (0, 1]; 0.2 by default. */
  readonly slope?: number;
  /** Matrices that are drawn for each layer, of which the best-conditioned one is kept; 25 000 by default. */
  readonly candidates?: number;
}

/** A mixing network of each replica. */
export interface MixingNetwork extends Disposable {
  /** Matrices W (R, D, D) of the layers, in order. */
  readonly weights: readonly Tensor[];
  /** Condition number of every matrix, by replica and layer. */
  readonly conditionNumbers: readonly (readonly number[])[];
  /**
   * Mixes.
   *
   * @param z Latent variables (R, …, D).
   * @returns Observations (R, …, D).
   * @throws {ShapeError} If there are other replicas or dimensions.
   */
  apply(z: Tensor): Tensor;
}

/** A square matrix with its condition number. */
interface Conditioned {
  readonly matrix: Float64Array;
  readonly conditionNumber: number;
}

/**
 * A perceptron without biases `x ← φ(x W)` with a leaky rectifier φ between its layers, which is invertible: rows of every W
 * are uniform in (−1, 1)^D and scaled to length one, and of many such matrices the one with the smallest condition
 * number is taken (Hyvärinen & Morioka 2016, as Reizinger et al. 2024 use it, arXiv 2410.21869).
 *
 * A replica's network is a function of its seed, the dimension, and how many matrices are drawn.
 *
 * @param options Widths and choice.
 * @param seeds Seed of each replica (R).
 * @returns The networks; disposing of them frees their memory.
 * @throws {RangeError} If an option is out of its domain.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { evaluate } from "../gpu/program.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { mixingNetwork } from "./mixing_network.ts";
 * import { assertEquals } from "@std/assert";
 *
 * await openGpu();
 * using network = mixingNetwork({ dimension: 3, candidates: 10 }, [1, 2]);
 * using z = new Tensor([2, 8, 3]);
 * using x = await evaluate(() => network.apply(z));
 * assertEquals(x.shape, [2, 8, 3]);
 * ```
 */
export function mixingNetwork(options: MixingNetworkOptions, seeds: readonly number[]): MixingNetwork {
  const { dimension: D, layers = 4, slope = 0.2, candidates = 25_000 } = options;
  checkCounts("mixing_network", { dimension: D, layers, candidates });
  if (!(slope > 0 && slope <= 1)) throw new RangeError(`mixing_network: expected a slope in (0, 1], found ${slope}`);
  // Replicas of one seed have one network: it is looked for once.
  const bySeed = new Map<number, Conditioned[]>();
  for (const seed of new Set(seeds)) {
    const keys = Array.from({ length: layers }, (_, layer) => `mixing layer ${layer}`);
    bySeed.set(seed, keys.map((key) => bestConditioned(D, candidates, seed, key)));
  }
  const chosen = seeds.map((seed) => bySeed.get(seed)!);
  const R = seeds.length;
  const weights = Array.from(
    { length: layers },
    (_, layer) => Tensor.from(chosen.flatMap((each) => [...each[layer].matrix]), [R, D, D], `mixing layer ${layer}`),
  );
  return {
    weights,
    conditionNumbers: chosen.map((matrices) => matrices.map(({ conditionNumber }) => conditionNumber)),
    apply(z) {
      if (z.shape.length < 2 || z.shape[0] !== R || z.shape.at(-1) !== D) {
        const found = `shape (${z.shape.join(", ")})`;
        throw new ShapeError(`mixing_network: expected latent variables (${R}, …, ${D}), found ${found}`);
      }
      let x = z.reshape([R, z.size / (R * D), D]);
      weights.forEach((weight, layer) => x = matmul(layer === 0 ? x : leakyRelu(x, slope), weight));
      return x.reshape(z.shape);
    },
    [Symbol.dispose]: () => weights.forEach((weight) => weight.destroy()),
  };
}

/** The matrix with the smallest condition number among candidates with rows of length one. */
function bestConditioned(D: number, candidates: number, seed: number, key: string): Conditioned {
  let best: Conditioned = { matrix: new Float64Array(0), conditionNumber: Infinity };
  for (let item = 0; item < candidates; item++) {
    const matrix = uniforms({ seed, key, item }, D * D).map((u) => 2 * u - 1);
    const rows = Array.from({ length: D }, (_, row) => matrix.subarray(row * D, (row + 1) * D));
    for (const row of rows) {
      const length = Math.sqrt(dot(row, row));
      for (let d = 0; d < D; d++) row[d] /= length;
    }
    const gram = Float64Array.from({ length: D * D }, (_, at) => dot(rows[Math.floor(at / D)], rows[at % D]));
    // Most candidates are worse by a lower bound already, which costs a tenth of the eigenvalues.
    if (leastConditionNumber(gram, D) >= best.conditionNumber) continue;
    const { values } = eighReference(gram, D);
    const conditionNumber = values[0] > 0 ? Math.sqrt(values[D - 1] / values[0]) : Infinity;
    if (item === 0 || conditionNumber < best.conditionNumber) best = { matrix, conditionNumber };
  }
  return best;
}

/** A lower bound of √(λ_max/λ_min) of a Gram matrix G: |G v| ≤ λ_max and |G⁻¹ v| ≤ 1/λ_min for every unit vector v. */
function leastConditionNumber(gram: Float64Array, D: number): number {
  const factor = choleskyReference(gram, D);
  if (!(factor[D * D - 1] > 0)) return 1;
  const multiply = (v: Float64Array) => v.map((_, i) => dot(gram.subarray(i * D, (i + 1) * D), v));
  const solve = (v: Float64Array) => {
    const x = Float64Array.from(v);
    for (let i = 0; i < D; i++) {
      for (let j = 0; j < i; j++) x[i] -= factor[i * D + j] * x[j];
      x[i] /= factor[i * D + i];
    }
    for (let i = D - 1; i >= 0; i--) {
      for (let j = i + 1; j < D; j++) x[i] -= factor[j * D + i] * x[j];
      x[i] /= factor[i * D + i];
    }
    return x;
  };
  const growth = (step: (v: Float64Array) => Float64Array) => {
    let [v, length] = [new Float64Array(D).fill(1 / Math.sqrt(D)), 1];
    for (let repeat = 0; repeat < 4; repeat++) {
      const next = step(v);
      length = Math.sqrt(dot(next, next));
      v = next.map((value) => value / length);
    }
    return length;
  };
  // Rounding must not make it larger than it is.
  return 0.999999 * Math.sqrt(growth(multiply) * growth(solve));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
