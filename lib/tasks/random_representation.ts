/** Fixed random representations: perceptrons of random orthogonal matrices that are drawn once and never trained. */
import { activate } from "../../kernels/elementwise/bias_act.ts";
import { add, divide, maximum, multiply } from "../../kernels/elementwise/binary.ts";
import { fill } from "../../kernels/shared/fill.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { sqrt, square } from "../../kernels/elementwise/unary.ts";
import { sum } from "../../kernels/reduce/reduce.ts";
import { ShapeError } from "../gpu/errors.ts";
import { own } from "../gpu/program.ts";
import { Tensor } from "../gpu/tensor.ts";
import { randomSubspace } from "../random/laws.ts";
import { checkCounts, type PerReplica, perReplica } from "./sampler.ts";

/** Sizes of a random representation, and whose it is. */
export interface RandomRepresentationOptions {
  /** Seed of each replica (R): its matrices are a function of seed and name. */
  readonly seeds: readonly number[];
  /** Input dimension d. */
  readonly dimension: number;
  /** Features D: width of every layer. */
  readonly features: number;
  /** Layers L ≥ 1, for all replicas or for each. */
  readonly layers: PerReplica;
  /** Slope of the leaky rectifier below 0, in (0, 1]; 0.01 by default. With 1 the representation is linear but for its norm. */
  readonly slope?: number;
  /** Names the draw, `"representation"` by default: other names give other representations of the same seeds. */
  readonly name?: string;
}

/** A fixed representation Φ of every replica; its matrices lie in GPU memory until it is destroyed. */
export interface RandomRepresentation extends Disposable {
  /** Input dimension d. */
  readonly dimension: number;
  /** Features D. */
  readonly features: number;
  /**
   * Represents inputs; call it while recording.
   *
   * @param x Inputs (R, …, d).
   * @returns Φ(x) (R, …, D) of length 1; 0 where x is 0.
   * @throws {ShapeError} If the inputs have another dimension or other replicas.
   */
  apply(x: Tensor): Tensor;
  /** Frees the matrices. */
  destroy(): void;
}

const NAME = "random representation";

/**
 * `Φ(x) = h_L / ‖h_L‖`, `h_l = leaky(B_l h_{l−1})`, `h_0 = x` with B_l orthogonal and uniformly distributed: the fixed
 * representations of Guo et al. (arXiv 2310.10616).
 *
 * B_1 (D, d) has orthonormal columns if D ≥ d, orthonormal rows otherwise. Matrices of a seed are the same for every L, so that
 * representations of one seed are nested. Φ(c x) = Φ(x) for c > 0: it does not tell the length of its input.
 *
 * @param options Sizes and seeds.
 * @returns The representation; free it with `destroy` or `using`, unless it was made while recording, whose program then frees
 *   it.
 * @throws {RangeError} If a size is no integer ≥ 1, or the slope not in (0, 1].
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { evaluate } from "../gpu/program.ts";
 * import { Tensor } from "../gpu/tensor.ts";
 * import { randomRepresentation } from "./random_representation.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * using phi = randomRepresentation({ seeds: [1, 2], dimension: 3, features: 5, layers: 2 });
 * using x = Tensor.from([1, 2, 3, 1, 2, 3], [2, 1, 3]);
 * using found = await evaluate(() => phi.apply(x));
 * assertAlmostEquals(Math.hypot(...(await found.read()).subarray(0, 5)), 1, 1e-6);
 * ```
 */
export function randomRepresentation(options: RandomRepresentationOptions): RandomRepresentation {
  const { seeds, dimension: d, features: D, slope = 0.01 } = options;
  checkCounts(NAME, { dimension: d, features: D });
  const R = seeds.length;
  const depths = perReplica(NAME, "layers", options.layers, R);
  depths.forEach((layers) => checkCounts(NAME, { layers }));
  if (!(slope > 0 && slope <= 1)) throw new RangeError(`${NAME}: expected a slope in (0, 1], found ${slope}`);
  const deepest = Math.max(...depths);
  const held = Array.from({ length: deepest }, (_, layer) => {
    const matrices = seeds.flatMap((seed) => [...transposed(layerMatrix(options, seed, layer), D)]);
    return own(Tensor.from(matrices, [R, layer === 0 ? d : D, D], `layer ${layer} of the ${NAME}`));
  });
  const even = depths.every((depth) => depth === deepest);
  // 1 for the replicas whose last layer this is.
  const ends = even ? [] : held.map((_, layer) => {
    const marks = depths.map((depth) => Number(depth === layer + 1));
    return own(Tensor.from(marks, [R, 1, 1], `ends of the ${NAME}`));
  });
  const destroy = () => [...held.splice(0), ...ends.splice(0)].forEach((tensor) => tensor.destroy());
  return {
    dimension: d,
    features: D,
    apply(x) {
      if (x.shape.length < 2 || x.shape[0] !== R || x.shape.at(-1) !== d) {
        throw new ShapeError(`${NAME}: expected inputs (${R}, …, ${d}), found (${x.shape.join(", ")})`);
      }
      let h = x.reshape([R, x.size / (R * d), d]);
      let last: Tensor | undefined;
      held.forEach((matrix, layer) => {
        h = activate(matmul(h, matrix), "leaky_relu", { slope });
        if (even) return;
        const part = multiply(h, ends[layer]);
        last = last ? add(last, part) : part;
      });
      const end = last ?? h;
      const length = sqrt(sum(square(end), [2]).reshape([R, x.size / (R * d), 1]));
      const unit = divide(end, maximum(length, fill(length.shape, 1e-20)));
      return unit.reshape([...x.shape.slice(0, -1), D]);
    },
    destroy,
    [Symbol.dispose]: destroy,
  };
}

/** B_l (D, d or D) of one replica. */
function layerMatrix(
  { dimension: d, features: D, name = "representation" }: Omit<RandomRepresentationOptions, "seeds" | "layers">,
  seed: number,
  layer: number,
): Float64Array {
  const from = layer === 0 ? d : D;
  const draw = { seed, key: name, item: layer };
  return D >= from ? randomSubspace(draw, D, from) : transposed(randomSubspace(draw, from, D), from);
}

/** Transpose of a matrix of some rows. */
function transposed(values: Float64Array, rows: number): Float64Array {
  const columns = values.length / rows;
  return values.map((_, index) => values[(index % rows) * columns + Math.floor(index / rows)]);
}

/**
 * {@linkcode randomRepresentation} of one input of one replica, in float64.
 *
 * @param options Sizes, and layers of this replica.
 * @param seed Its seed.
 * @param x Input (d).
 * @returns Φ(x) (D).
 */
export function randomRepresentationReference(
  options: Omit<RandomRepresentationOptions, "seeds" | "layers"> & { readonly layers: number },
  seed: number,
  x: ArrayLike<number>,
): Float64Array {
  const { features: D, layers, slope = 0.01 } = options;
  let h = Float64Array.from(x);
  for (let layer = 0; layer < layers; layer++) {
    const matrix = layerMatrix(options, seed, layer);
    h = Float64Array.from({ length: D }, (_, i) => {
      const value = h.reduce((total, entry, j) => total + matrix[i * h.length + j] * entry, 0);
      return value < 0 ? slope * value : value;
    });
  }
  const length = Math.hypot(...h);
  return h.map((value) => length === 0 ? 0 : value / length);
}
