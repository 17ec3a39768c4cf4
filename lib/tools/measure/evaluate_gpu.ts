/**
 * Spectra and row spaces of one family of matrices at all steps of a series, on the GPU.
 *
 * @module
 */
import { comparedRanks, type HostSpaces, joined, uploadSpaces } from "../../circuits/spaces.ts";
import { Tensor } from "../../gpu/tensor.ts";
import { singularValuesOfProduct, svdOfProduct } from "../../linalg/product_svd.ts";
import { Scratch } from "../../linalg/scratch.ts";
import { singularValues, svd } from "../../linalg/svd.ts";
import { squaredCosines } from "../../metrics/row_spaces.ts";
import { rowDimensions, subspaceAngles, subspaceDistances } from "../../metrics/subspace_stability.ts";
import type { Factors, Finding, Wanted } from "./evaluate.ts";
import type { Family } from "./plan.ts";

/** Values and vectors of one step. */
type Vectors = Pick<HostSpaces, "s" | "v">;

/** Entries of a batch, so that it stays well below what a buffer may hold. */
const BATCH_ENTRIES = 1 << 22;

/**
 * Measures the matrices of a family step by step, several steps at a time.
 *
 * @param family What is read.
 * @param steps Number of steps.
 * @param load Factors at a step; null leaves a gap.
 * @param wanted Which measures of row spaces are wanted.
 * @param visit Called with the step's index and one finding a matrix, in order.
 * @param last Row spaces that are compared with; null if none are.
 */
export async function evaluateOnGpu(
  family: Family,
  steps: number,
  load: (step: number) => Factors | null,
  wanted: Wanted,
  visit: (step: number, findings: readonly Finding[]) => Promise<void>,
  last: HostSpaces | null,
): Promise<void> {
  const { sizes: { M, N, D }, heads, replicas } = family;
  const G = heads * replicas;
  const K = Math.min(M, N, D);
  const spaces = last !== null;
  const ranks = last?.ranks ?? [];
  const entries = M * D + N * D + (spaces ? 6 * N * K : K);
  const size = Math.max(1, Math.floor(BATCH_ENTRIES / (G * entries)));
  let before: Vectors | null = null;
  for (let from = 0; from < steps; from += size) {
    const loaded = Array.from(
      { length: Math.min(size, steps - from) },
      (_, i) => ({ step: from + i, at: load(from + i) }),
    )
      .flatMap(({ step, at }) => at === null ? [] : [{ step, at }]);
    if (loaded.length === 0) continue;
    using scratch = new Scratch();
    const space = decompose(loaded.map(({ at }) => at), family, spaces, scratch);
    const s = await space.s.read();
    const S = loaded.length;
    const found = { distances: [] as number[], overlaps: [] as number[], angles: [] as [number, number][] };
    if (last !== null && space.v) {
      const now = { s: space.s, v: space.v };
      const allRanks = Uint32Array.from({ length: S * G }, (_, index) => ranks[index % G]);
      const rankTensor = scratch.keep(Tensor.from(allRanks));
      const final = wanted.distance || wanted.angles ? uploadSpaces(last, scratch, S) : now;
      if (wanted.distance) found.distances = [...await subspaceDistances(now, final, rankTensor)];
      if (wanted.angles) {
        const all = await subspaceAngles(now, final, rankTensor);
        found.angles = all.map((own) => [own.at(0) ?? NaN, own.at(-1) ?? NaN]);
      }
      if (wanted.overlap) {
        const v = await space.v.read();
        const first: Vectors = before ?? { s: s.slice(0, G * K), v: v.slice(0, G * N * K) };
        const shifted = {
          s: moved(first.s, s, G * K),
          v: moved(first.v, v, G * N * K),
          shape: [S * G, N, K] as const,
        };
        const sums = await scratch.keep(squaredCosines(now, uploadSpaces(shifted, scratch), rankTensor)).read();
        const missing = before === null;
        found.overlaps = Array.from(sums, (sum, index) => {
          const [a, b] = [s, shifted.s].map((values) =>
            rowDimensions(values.subarray(index * K, (index + 1) * K), allRanks[index], N)
          );
          return missing && index < G || Math.max(a, b) === 0 ? NaN : Math.min(1, sum / Math.max(a, b));
        });
        before = { s: s.slice((S - 1) * G * K), v: v.slice((S - 1) * G * N * K) };
      }
    }
    for (let i = 0; i < S; i++) {
      const findings = Array.from({ length: G }, (_, g): Finding => {
        const index = i * G + g;
        return {
          s: s.subarray(index * K, (index + 1) * K),
          ...(wanted.distance && { distance: found.distances[index] }),
          ...(wanted.overlap && { overlap: found.overlaps[index] }),
          ...(wanted.angles && { angles: found.angles[index] }),
        };
      });
      await visit(loaded[i].step, findings);
    }
  }
}

/** Singular values, and right singular vectors if wanted, of the matrices of several steps at once. */
function decompose(
  all: readonly Factors[],
  { sizes: { M, N, D }, heads, replicas }: Family,
  vectors: boolean,
  scratch: Scratch,
) {
  const B = all.length * heads * replicas;
  const a = scratch.keep(Tensor.from(joined(all.map(({ a }) => a)), [B, M, D]));
  if (all[0].b !== undefined) {
    const b = scratch.keep(Tensor.from(joined(all.map(({ b }) => b!)), [B, N, D]));
    if (!vectors) return { s: scratch.keep(singularValuesOfProduct(a, b)) };
    const { s, v } = svdOfProduct(a, b);
    return { s: scratch.keep(s), v: scratch.keep(v) };
  }
  if (!vectors) return { s: scratch.keep(singularValues(a)) };
  const { u, s, v } = svd(a);
  scratch.keep(u);
  return { s: scratch.keep(s), v: scratch.keep(v) };
}

/**
 * Row spaces at the last step that is finite.
 *
 * @param family What is read.
 * @param steps Number of steps.
 * @param load As of {@linkcode evaluateOnGpu}.
 * @returns Spaces of all matrices; null where no step is finite.
 */
export async function lastOnGpu(
  family: Family,
  steps: number,
  load: (step: number) => Factors | null,
): Promise<HostSpaces | null> {
  const { circuit, sizes } = family;
  for (let step = steps - 1; step >= 0; step--) {
    const at = load(step);
    if (at === null) continue;
    using scratch = new Scratch();
    const { s, v } = decompose([at], family, true, scratch);
    const [B, N, K] = v!.shape as [number, number, number];
    const values = await s.read();
    // The width of the head for circuits; for weights, and heads as wide as the stream, what the final spectrum says.
    const limited = circuit !== "matrix" && K < Math.min(sizes.M, sizes.N);
    return { s: values, v: await v!.read(), shape: [B, N, K], ranks: comparedRanks(values, B, limited) };
  }
  return null;
}

/** The first block before all but the last block of the others. */
function moved(first: Float32Array, values: Float32Array, block: number): Float32Array {
  return joined([first, values.subarray(0, values.length - block)]);
}
