/**
 * Spectra and row spaces of one family of matrices at all steps of a series, on the CPU.
 *
 * @module
 */
import { comparedRanks } from "../../circuits/spaces.ts";
import { hostProduct } from "../../linalg/host/host_product.ts";
import { type HostRowSpace, hostRowSpace, hostSingularValues } from "../../linalg/host/host_svd.ts";
import { rowDimensions } from "../../metrics/subspace_stability.ts";
import type { Factors, Finding, Wanted } from "./evaluate.ts";
import type { Family } from "./plan.ts";

/** Row spaces of all matrices of a family, and how many directions of each are compared. */
export interface CpuSpaces {
  /** Row spaces. */
  readonly spaces: readonly HostRowSpace[];
  /** Directions of each that are compared. */
  readonly ranks: readonly number[];
  /** Step that they are of, and what it was read by. */
  readonly step: number;
  /** See `step`. */
  readonly load: (step: number) => Factors | null;
}

/**
 * Measures the matrices of a family step by step, as `evaluateFamily` does.
 *
 * @param family What is read.
 * @param steps Number of steps.
 * @param load Factors at a step; null leaves a gap.
 * @param wanted Which measures of row spaces are wanted.
 * @param visit Called with the step's index and one finding a matrix, in order.
 * @param last Row spaces that are compared with; null if none are.
 */
export async function evaluateOnHost(
  family: Family,
  steps: number,
  load: (step: number) => Factors | null,
  wanted: Wanted,
  visit: (step: number, findings: readonly Finding[]) => Promise<void>,
  last: CpuSpaces | null,
): Promise<void> {
  const { N } = family.sizes;
  let before: readonly HostRowSpace[] | null = null;
  for (let step = 0; step < steps; step++) {
    let spaces: readonly HostRowSpace[];
    if (last?.load === load && last.step === step) spaces = last.spaces;
    else {
      const factors = load(step);
      if (factors === null) continue;
      spaces = decomposed(family, factors, (g) => last?.ranks[g] ?? 0);
    }
    const findings = spaces.map((now, g): Finding => {
      const s = Float32Array.from(now.s);
      if (last === null) return { s };
      const [final, rank] = [last.spaces[g], last.ranks[g]];
      return {
        s,
        ...(wanted.distance && { distance: distanceOf(now, final, rank, N) }),
        ...(wanted.overlap && { overlap: before === null ? NaN : overlapOf(now, before[g], rank, N) }),
        ...(wanted.angles && { angles: anglesOf(now, final, rank, N) }),
      };
    });
    before = spaces;
    await visit(step, findings);
  }
}

/**
 * Row spaces at the last step that is finite.
 *
 * @param family What is read.
 * @param steps Number of steps.
 * @param load As of {@linkcode evaluateOnHost}.
 * @returns Spaces of all matrices; null where no step is finite.
 */
export function lastOnHost(
  family: Family,
  steps: number,
  load: (step: number) => Factors | null,
): CpuSpaces | null {
  const { circuit, sizes: { M, N, D } } = family;
  for (let step = steps - 1; step >= 0; step--) {
    const factors = load(step);
    if (factors === null) continue;
    const spaces = decomposed(family, factors, () => Infinity);
    // The width of the head for circuits; for weights, and heads as wide as the stream, what the final spectrum says.
    const limited = circuit !== "matrix" && D < Math.min(M, N);
    return { spaces, step, load, ranks: spaces.map(({ s }) => comparedRanks(Float32Array.from(s), 1, limited)[0]) };
  }
  return null;
}

function decomposed(
  { sizes: { M, N, D }, heads, replicas }: Family,
  { a, b }: Factors,
  vectors: (g: number) => number,
): HostRowSpace[] {
  const inner = b === undefined ? N : D;
  return Array.from({ length: heads * replicas }, (_, g) => {
    const left = a.subarray(g * M * inner, (g + 1) * M * inner);
    return hostRowSpace(left, { M, N, D: inner }, vectors(g), b?.subarray(g * N * D, (g + 1) * N * D));
  });
}

/** The leading vectors that span directions, as rows. */
function leading({ s, v }: HostRowSpace, rank: number, N: number): Float64Array {
  return v.subarray(0, rowDimensions(s, rank, N) * N);
}

/** `‖M(∞)(I − V Vᵀ)‖ / ‖M(∞)‖`. */
function distanceOf(now: HostRowSpace, final: HostRowSpace, rank: number, N: number): number {
  const [largest] = final.s;
  if (!(largest > 0)) return NaN;
  const K = final.rows;
  const cosines = hostProduct(leading(now, rank, N), final.v, N);
  const inside = new Float64Array(K);
  cosines.forEach((cosine, index) => inside[index % K] += cosine * cosine);
  let [outside, total] = [0, 0];
  for (let k = 0; k < K; k++) {
    const weight = (final.s[k] / largest) ** 2;
    outside += weight * Math.max(0, 1 - inside[k]);
    total += weight;
  }
  return Math.min(1, Math.sqrt(outside / total));
}

/** `tr(P_a P_b) / k`, k the larger number of dimensions. */
function overlapOf(a: HostRowSpace, b: HostRowSpace, rank: number, N: number): number {
  const [left, right] = [leading(a, rank, N), leading(b, rank, N)];
  const most = Math.max(left.length, right.length) / N;
  if (most === 0) return NaN;
  return Math.min(1, hostProduct(left, right, N).reduce((sum, cosine) => sum + cosine * cosine, 0) / most);
}

/** Smallest and largest angle between the spaces; a direction that is lacking counts as a right angle. */
function anglesOf(now: HostRowSpace, final: HostRowSpace, rank: number, N: number): readonly [number, number] {
  const [own, target] = [leading(now, rank, N), leading(final, rank, N)];
  const [P, Q] = [own.length / N, target.length / N];
  if (Q === 0) return [NaN, NaN];
  if (P === 0) return [Math.PI / 2, Math.PI / 2];
  const within = hostProduct(target, own, N);
  const transposed = Float64Array.from({ length: P * N }, (_, index) => own[index % P * N + Math.floor(index / P)]);
  const projected = hostProduct(within, transposed, P);
  const rest = target.map((value, index) => value - projected[index]);
  const cosines = hostSingularValues(within, { M: Q, N: P });
  const sines = hostSingularValues(rest, { M: Q, N });
  const angle = (k: number) => Math.atan2(sines[Q - 1 - k] ?? 0, cosines[k] ?? 0);
  return [angle(0), angle(Q - 1)];
}
