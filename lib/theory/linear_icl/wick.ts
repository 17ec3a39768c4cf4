/**
 * Exact Gaussian expectations of one prompt's polynomials, by enumerating Wick pairings.
 *
 * A monomial is a product of p, q, task eigenvalues λ ~ N(0, 1), query entries x ~ N(0, s) and context covariances
 * `Σ̂_ab = (1/N) Σ_n X_na X_nb`. By Isserlis' theorem its mean is a sum over pairings of the λ, of the x and of the X; a pairing
 * sets indices equal, so with everything diagonal each one is a product of traces Σ_γ s^i p^j q^k and of factors at the free
 * indices, times N to the number of independent tokens. The enumeration runs once; evaluation is then a short sum.
 */

import { expectLength, type IclProblem, spectrumOf } from "./problem.ts";

/** A product of factors; each letter is a mode index, summed over unless it is named free. */
export interface Monomial {
  /** Numerical factor. */
  readonly c: number;
  /** Number of explicit factors 1/N, default 0. */
  readonly perN?: number;
  /** Indices of p, q, λ and x, one letter a factor. */
  readonly p?: string;
  readonly q?: string;
  readonly lambda?: string;
  readonly x?: string;
  /** Indices of Σ̂, two letters a factor. */
  readonly sigma?: string;
}

/** Mean of a polynomial, ready for evaluation; made by compile. */
export interface Moment {
  /** Exponents of (s, p, q) that occur, one entry a distinct factor. */
  readonly exponents: readonly (readonly [number, number, number])[];
  /** Terms grouped by their factors at free indices. */
  readonly groups: readonly MomentGroup[];
}

/** Terms that differ only in their traces. */
export interface MomentGroup {
  /** Factors: an exponent, and the positions among the free indices that must coincide there. */
  readonly local: readonly { readonly exponent: number; readonly at: readonly number[] }[];
  readonly terms: readonly { coefficient: number; readonly orderN: number; readonly traces: readonly number[] }[];
}

const pairings: [number, number][][][] = [[[]]];

/** All perfect pairings of 0..2n-1. */
function pairingsOf(n: number): [number, number][][] {
  return pairings[n] ??= Array.from({ length: 2 * n - 1 }, (_, k) => k + 1).flatMap((partner) => {
    const rest = Array.from({ length: 2 * n }, (_, k) => k).filter((k) => k !== 0 && k !== partner);
    return pairingsOf(n - 1).map((pairs) => [
      [0, partner] as [number, number],
      ...pairs.map(([a, b]) => [rest[a], rest[b]] as [number, number]),
    ]);
  });
}

function root(parents: number[], k: number): number {
  while (parents[k] !== k) k = parents[k];
  return k;
}

/**
 * Product of two monomials; their summed indices must have different letters.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { times } from "./wick.ts";
 * assertEquals(times({ c: 2, x: "a" }, { c: 3, x: "b" }).x, "ab");
 * ```
 *
 * @param a Left factor.
 * @param b Right factor.
 * @returns The product.
 */
export function times(a: Monomial, b: Monomial): Monomial {
  const join = (name: "p" | "q" | "lambda" | "x" | "sigma") => (a[name] ?? "") + (b[name] ?? "");
  return {
    c: a.c * b.c,
    perN: (a.perN ?? 0) + (b.perN ?? 0),
    p: join("p"),
    q: join("q"),
    lambda: join("lambda"),
    x: join("x"),
    sigma: join("sigma"),
  };
}

/**
 * Enumerates all pairings of a polynomial and collects equal terms.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { compile, evaluate } from "./wick.ts";
 * // E[Σ̂_ii x_i²] = s_i².
 * const moment = compile([{ c: 1, sigma: "ii", x: "ii" }], "i");
 * assertEquals(evaluate(moment, { spectrum: [3, 2], context: 5 }, [0, 0, 0, 0])([1]), 4);
 * ```
 *
 * @param polynomial Sum of monomials.
 * @param free Letters of the indices that are not summed.
 * @returns The moment.
 */
export function compile(polynomial: readonly Monomial[], free: string): Moment {
  const counts = new Map<string, number>();
  for (const monomial of polynomial) enumerate(monomial, free, counts);
  const exponents: string[] = [], groups = new Map<string, MomentGroup>();
  const known = (powers: string) => exponents.includes(powers) ? exponents.indexOf(powers) : exponents.push(powers) - 1;
  for (const [key, coefficient] of counts) {
    if (coefficient === 0) continue;
    const [orderN, ...factors] = key.split(";"), atFree = factors.filter((factor) => !factor.startsWith("|"));
    const groupKey = atFree.join(";");
    const group = groups.get(groupKey) ?? {
      local: atFree.map((factor) => {
        const [at, powers] = factor.split("|");
        return { exponent: known(powers), at: at.split(",").map(Number) };
      }),
      terms: [],
    };
    const traces = factors.filter((factor) => factor.startsWith("|")).map((factor) => known(factor.slice(1)));
    groups.set(groupKey, { ...group, terms: [...group.terms, { coefficient, orderN: Number(orderN), traces }] });
  }
  return {
    exponents: exponents.map((powers) => powers.split(",").map(Number) as [number, number, number]),
    groups: [...groups.values()],
  };
}

/** Adds one monomial's pairings to `counts`, keyed by order in N and by factors "positions|exponents". */
function enumerate(monomial: Monomial, free: string, counts: Map<string, number>): void {
  const { c, perN = 0, p = "", q = "", lambda = "", x = "", sigma = "" } = monomial;
  if (lambda.length % 2 || x.length % 2) return;
  const letters = [...new Set(free + p + q + lambda + x + sigma)];
  const [ps, qs, ls, xs, cs] = [p, q, lambda, x, sigma].map((word) => [...word].map((l) => letters.indexOf(l)));
  for (const tasks of pairingsOf(ls.length / 2)) {
    for (const queries of pairingsOf(xs.length / 2)) {
      for (const contexts of pairingsOf(cs.length / 2)) {
        const parents = letters.map((_, k) => k), tokens = Array.from({ length: cs.length / 2 }, (_, k) => k);
        const powers = letters.map(() => [0, 0, 0]);
        const merge = (a: number, b: number) => parents[root(parents, a)] = root(parents, b);
        for (const [a, b] of tasks) merge(ls[a], ls[b]);
        for (const [a, b] of queries) merge(xs[a], xs[b]);
        for (const [a, b] of contexts) {
          merge(cs[a], cs[b]);
          tokens[root(tokens, a >> 1)] = root(tokens, b >> 1);
        }
        for (const [a] of queries) powers[root(parents, xs[a])][0]++;
        for (const [a] of contexts) powers[root(parents, cs[a])][0]++;
        for (const a of ps) powers[root(parents, a)][1]++;
        for (const a of qs) powers[root(parents, a)][2]++;
        const factors = letters.flatMap((_, k) => {
          const at = Array.from(free, (_, position) => position).filter((position) => root(parents, position) === k);
          return parents[k] === k ? [`${at}|${powers[k]}`] : [];
        }).sort();
        const independent = tokens.filter((token, k) => token === k).length;
        const key = [independent - cs.length / 2 - perN, ...factors].join(";");
        counts.set(key, (counts.get(key) ?? 0) + c);
      }
    }
  }
}

/**
 * Value of a moment at given diagonals p, q, as a function of the free indices.
 *
 * @example
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { compile, evaluate } from "./wick.ts";
 * // Σ_ij E[Σ̂_ij²] = Tr S²  (1 + 1/N) + (Tr S)²/N.
 * const moment = compile([{ c: 1, sigma: "abab" }], "");
 * assertAlmostEquals(evaluate(moment, { spectrum: [3, 2], context: 5 }, [0, 0, 0, 0])([]), 13 * 1.2 + 5, 1e-12);
 * ```
 *
 * @param moment Compiled polynomial.
 * @param problem Spectrum (d) and context length.
 * @param state (p, q), (2d).
 * @returns Function of the values of the free indices, in the order given to compile.
 * @throws {RangeError} If the problem or the length of the state is invalid.
 */
export function evaluate(
  moment: Moment,
  problem: IclProblem,
  state: ArrayLike<number>,
): (indices: ArrayLike<number>) => number {
  const { s, d, N } = spectrumOf(problem);
  expectLength("state", state, 2 * d);
  // The last entry of a row is its trace.
  const rows = moment.exponents.map(([i, j, k]) => {
    const row = new Float64Array(d + 1);
    for (let a = 0; a < d; a++) row[d] += row[a] = s[a] ** i * state[a] ** j * state[d + a] ** k;
    return row;
  });
  const values = moment.groups.map(({ terms }) => {
    let sum = 0;
    for (const { coefficient, orderN, traces } of terms) {
      let value = coefficient * N ** orderN;
      for (const exponent of traces) value *= rows[exponent][d];
      sum += value;
    }
    return sum;
  });
  return (indices) => {
    let sum = 0;
    moment.groups.forEach(({ local }, k) => {
      let term = values[k];
      for (const { exponent, at } of local) {
        for (const place of at) if (indices[place] !== indices[at[0]]) term = 0;
        term *= rows[exponent][indices[at[0]]];
      }
      sum += term;
    });
    return sum;
  };
}
