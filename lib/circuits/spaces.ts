/** Row spaces of circuits and matrices along a run: effective ranks, and how far they are from where they end. */
import { Tensor } from "../gpu/tensor.ts";
import { type RowSpace, svdOfProduct } from "../linalg/product_svd.ts";
import { Scratch } from "../linalg/scratch.ts";
import { svd } from "../linalg/svd.ts";
import { effectiveRank } from "../metrics/spectrum.ts";
import { rankRule } from "../metrics/subspace.ts";
import { subspaceAngles, subspaceDistances } from "../metrics/subspace_stability.ts";
import { arrayNamed } from "../models/parameter_arrays.ts";
import type { NamedArray } from "../models/parameter_spec.ts";
import { factorsOfLayers } from "./factors.ts";

/** Row spaces of B matrices on the host. */
export interface HostSpaces {
  /** Singular values from the largest (B, K). */
  readonly s: Float32Array;
  /** Right singular vectors as columns (B, N, K). */
  readonly v: Float32Array;
  /** Matrices B, columns N and singular values K of each. */
  readonly shape: readonly [B: number, N: number, K: number];
  /** Leading directions that are compared (B). */
  readonly ranks: readonly number[];
}

/** How far B row spaces are from others. */
export interface SpaceComparison {
  /** Subspace distances (B), 0 … 1; see `subspaceDistance`. */
  readonly distance: readonly number[];
  /** Means of the principal angles (B) in radians, 0 … π/2. */
  readonly meanAngle: readonly number[];
  /** Largest principal angles (B) in radians. */
  readonly largestAngle: readonly number[];
}

/** Measures of B matrices at one step. */
export interface SpaceMeasures extends SpaceComparison {
  /** Effective ranks (B); see `effectiveRank`. */
  readonly effectiveRank: readonly number[];
}

/** Steps that are decomposed at once: enough that waiting for the GPU does not count. */
const AT_ONCE = 12;

/**
 * Row spaces of circuits and weights.
 *
 * Circuits are compared along as many directions as a head is wide, the most that their rank can be; weights, and circuits
 * of heads as wide as the stream, along as many as `rankRule` makes of their singular values.
 *
 * @param arrays Parameters (R, …) under the names of checkpoints.
 * @param options Heads H of each layer, and matrices: `QK` or `OV` of every layer and head, or the name of a weight
 *   (R, M, N), whose rows are taken as they stand.
 * @returns Spaces by name: of circuits B = R L H of them, replica by replica and of each layer by layer; of a weight B = R.
 * @throws {RangeError} If there is no such weight.
 * @throws {ShapeError} If it is not a matrix, or the heads do not divide it.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { matrixSpaces } from "./spaces.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * const arrays = [{ name: "unembedding", shape: [1, 2, 2], data: Float32Array.of(3, 4, 0, 0) }];
 * const { unembedding } = await matrixSpaces(arrays, { heads: 1, matrices: ["unembedding"] });
 * assertAlmostEquals(unembedding.s[0], 5, 1e-5);
 * ```
 */
export async function matrixSpaces<M extends string>(
  arrays: readonly NamedArray[],
  { heads, matrices }: { readonly heads: number; readonly matrices: readonly M[] },
): Promise<Record<M, HostSpaces>> {
  const found = {} as Record<M, HostSpaces>;
  for (const name of matrices) {
    using scratch = new Scratch();
    const { s, v } = decompose([arrays], name, heads, scratch);
    const [B, N, K] = v.shape as [number, number, number];
    const values = await s.read();
    found[name] = {
      s: values,
      v: await v.read(),
      shape: [B, N, K],
      ranks: comparedRanks(values, B, isLimited(name, N, K)),
    };
  }
  return found;
}

/**
 * Measures circuits and weights at every step of a run: effective ranks, and distances and angles to given row spaces.
 *
 * @param snapshots Parameters (R, …) at each step.
 * @param final Row spaces by name, such as {@linkcode matrixSpaces} finds of the last step; they say what is measured.
 * @param heads Heads H of each layer.
 * @returns Of each name the measures (B) at every step, in the order of {@linkcode matrixSpaces}.
 * @throws {RangeError} If a step lacks a weight.
 * @throws {ShapeError} If shapes differ between steps.
 *
 * @example
 * ```ts
 * import { openGpu } from "../gpu/device.ts";
 * import { matrixSpaces, spaceHistory } from "./spaces.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * await openGpu();
 * const at = (...row: number[]) => [{ name: "w", shape: [1, 1, 2], data: Float32Array.from(row) }];
 * const final = await matrixSpaces(at(1, 0), { heads: 1, matrices: ["w"] });
 * const { w } = await spaceHistory([at(0, 1), at(3, 3), at(1, 0)], final, 1);
 * [1, 0.5, 0].forEach((share, t) => assertAlmostEquals(w[t].meanAngle[0], share * Math.PI / 2, 1e-5));
 * ```
 */
export async function spaceHistory<M extends string>(
  snapshots: readonly (readonly NamedArray[])[],
  final: Readonly<Record<M, HostSpaces>>,
  heads: number,
): Promise<Record<M, SpaceMeasures[]>> {
  const all = {} as Record<M, SpaceMeasures[]>;
  for (const name of Object.keys(final) as M[]) {
    const end = final[name];
    const [B, , K] = end.shape;
    all[name] = [];
    for (let from = 0; from < snapshots.length; from += AT_ONCE) {
      using scratch = new Scratch();
      const some = snapshots.slice(from, from + AT_ONCE);
      const now = decompose(some, name, heads, scratch);
      const values = await now.s.read();
      const ranks = Array.from(
        { length: some.length * B },
        (_, b) => effectiveRank([...values.subarray(b * K, (b + 1) * K)]),
      );
      const compared = await compare(now, end, some.length, scratch);
      compared.forEach((one, t) => all[name].push({ effectiveRank: ranks.slice(t * B, (t + 1) * B), ...one }));
    }
  }
  return all;
}

/**
 * Compares row spaces of several steps with those of one.
 *
 * @param steps Row spaces (B) at each step, such as {@linkcode spacesOf} has them of reports.
 * @param final What they are compared with, along as many directions as its ranks say; the last step by default.
 * @returns Distances and angles (B) at every step.
 * @throws {ShapeError} If shapes differ.
 */
export async function compareSpaces(
  steps: readonly HostSpaces[],
  final: HostSpaces = steps[steps.length - 1],
): Promise<SpaceComparison[]> {
  const all: SpaceComparison[] = [];
  for (let from = 0; from < steps.length; from += AT_ONCE) {
    using scratch = new Scratch();
    const some = steps.slice(from, from + AT_ONCE);
    const [B, N, K] = final.shape;
    const together = { s: joined(some.map(({ s }) => s)), v: joined(some.map(({ v }) => v)) };
    const now = uploadSpaces({ ...together, shape: [some.length * B, N, K] }, scratch);
    all.push(...await compare(now, final, some.length, scratch));
  }
  return all;
}

/** A comparison under the names that its numbers have in logs, such as `QK mean angle`, for `byHead`. */
export function spaceNumbers(
  name: string,
  { distance, meanAngle, largestAngle }: SpaceComparison,
): Record<string, readonly number[]> {
  return { [`${name} distance`]: distance, [`${name} mean angle`]: meanAngle, [`${name} largest angle`]: largestAngle };
}

/**
 * Row spaces as arrays that snapshots keep along a run.
 *
 * @param spaces Row spaces of B matrices by name, such as `QK`.
 * @returns Arrays (B, …), for {@linkcode spacesFrom}.
 *
 * @example
 * ```ts
 * import { spaceArrays, spacesFrom } from "./spaces.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const spaces = { s: Float32Array.of(2), v: Float32Array.of(0, 1), shape: [1, 2, 1], ranks: [1] } as const;
 * assertEquals(spacesFrom("QK", spaceArrays({ QK: spaces })), { ...spaces, shape: [1, 2, 1], ranks: [1] });
 * ```
 */
export function spaceArrays(spaces: Readonly<Record<string, HostSpaces>>): NamedArray[] {
  return Object.entries(spaces).flatMap(([name, { s, v, shape: [B, N, K], ranks }]) => [
    { name: `${name} values`, shape: [B, K], data: s },
    { name: `${name} vectors`, shape: [B, N, K], data: v },
    { name: `${name} ranks`, shape: [B], data: Float32Array.from(ranks) },
  ]);
}

/** Row spaces that {@linkcode spaceArrays} has made arrays of. */
export function spacesFrom(name: string, arrays: readonly NamedArray[]): HostSpaces {
  const [values, vectors, ranks] = ["values", "vectors", "ranks"].map((part) => arrayNamed(arrays, `${name} ${part}`));
  const [B, N, K] = vectors.shape;
  return { s: values.data, v: vectors.data, shape: [B, N, K], ranks: [...ranks.data] };
}

/**
 * Leading right singular vectors of one matrix.
 *
 * @param spaces Row spaces.
 * @param b Which matrix, 0 … B − 1.
 * @param k How many, ≤ K; by default as many as are compared.
 * @returns Columns (N, k), row-major.
 */
export function leadingVectors({ v, shape: [, N, K], ranks }: HostSpaces, b: number, k = ranks[b]): Float64Array {
  return Float64Array.from(
    { length: N * k },
    (_, index) => v[(b * N + Math.floor(index / k)) * K + index % k],
  );
}

/**
 * How many leading directions of each matrix are compared.
 *
 * @param s Singular values (B, K).
 * @param B Number of matrices.
 * @param limited Whether the rank cannot be more than K anyway, as of circuits of narrow heads.
 * @returns K where it is limited; else what `rankRule` makes of the values.
 */
export function comparedRanks(s: Float32Array, B: number, limited: boolean): number[] {
  const K = s.length / B;
  return Array.from({ length: B }, (_, b) => limited ? K : rankRule(s.subarray(b * K, (b + 1) * K)));
}

/**
 * Copies row spaces to the GPU.
 *
 * @param spaces Row spaces of B matrices.
 * @param scratch Frees them.
 * @param times Copies one after the other.
 * @returns Singular values (times · B, K) and vectors (times · B, N, K).
 */
export function uploadSpaces(
  { s, v, shape: [B, N, K] }: Omit<HostSpaces, "ranks">,
  scratch: Scratch,
  times = 1,
): RowSpace {
  return {
    s: scratch.keep(Tensor.from(joined(new Array<Float32Array>(times).fill(s)), [times * B, K])),
    v: scratch.keep(Tensor.from(joined(new Array<Float32Array>(times).fill(v)), [times * B, N, K])),
  };
}

/** Distances and angles of T steps of B matrices each, taken at once. */
async function compare(now: RowSpace, end: HostSpaces, T: number, scratch: Scratch): Promise<SpaceComparison[]> {
  const [B] = end.shape;
  const final = uploadSpaces(end, scratch, T);
  const ranks = scratch.keep(Tensor.from(Uint32Array.from({ length: T * B }, (_, b) => end.ranks[b % B])));
  const distances = await subspaceDistances(now, final, ranks);
  const angles = await subspaceAngles(now, final, ranks);
  return Array.from({ length: T }, (_, t) => {
    const own = angles.slice(t * B, (t + 1) * B);
    return {
      distance: [...distances.subarray(t * B, (t + 1) * B)],
      meanAngle: own.map((row) => row.reduce((sum, angle) => sum + angle, 0) / row.length),
      largestAngle: own.map((row) => row.at(-1) ?? NaN),
    };
  });
}

/** Whether the name is that of a circuit whose heads are narrower than what they read. */
function isLimited(name: string, N: number, K: number): boolean {
  return (name === "QK" || name === "OV") && K < N;
}

/** Values and right singular vectors of one kind of matrix at several steps at once. */
function decompose(
  snapshots: readonly (readonly NamedArray[])[],
  name: string,
  heads: number,
  scratch: Scratch,
): RowSpace {
  const upload = (name: string) => {
    const parts = snapshots.map((arrays) => arrayNamed(arrays, name));
    const [{ shape: [R, ...rest] }] = parts;
    return scratch.keep(Tensor.from(joined(parts.map(({ data }) => data)), [parts.length * R, ...rest], name));
  };
  const keep = ({ s, v }: RowSpace): RowSpace => ({ s: scratch.keep(s), v: scratch.keep(v) });
  if (name !== "QK" && name !== "OV") {
    const { u, s, v } = svd(upload(name));
    scratch.keep(u);
    return keep({ s, v });
  }
  const layers = snapshots[0].filter(({ name }) => /^blocks\.\d+\.attention\.output$/.test(name)).length;
  const sides = name === "QK" ? ["query", "key"] : ["value", "output"];
  const names = Array.from({ length: layers }, (_, l) => sides.map((side) => `blocks.${l}.attention.${side}`)).flat();
  const weights = Object.fromEntries(names.map((name) => [name, upload(name)]));
  const [a, b] = factorsOfLayers(weights, layers, { heads, circuit: name }).map((factor) => scratch.keep(factor));
  return keep(svdOfProduct(a, b));
}

/** Numbers of arrays one after the other; a single array is returned as it is. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  if (parts.length === 1) return parts[0];
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
