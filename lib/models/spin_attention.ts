/**
 * A self-attention network of spins whose output is its next token (Poc-López & Aguilera 2024, arXiv 2406.07247): weights, start,
 * positions.
 *
 * A token holds N spins x_i = ±1 and P = 2 positional bits; L = 2^P = 4 tokens are in the context. Of M = 3 features, weights
 * W^α_a (α = o, v, q, k) are one sign on each third of the spins, and one on each positional bit:
 *
 *     m^α_a(τ) = (1 − ε) ⅓ Σ_s W^α_as t_s(τ) + (ε/P) Σ_p W^α_ap pe_p(τ)        t_s(τ): mean of the spins of third s
 *     A_a(t)   = Σ_τ w_τ m^v_a(τ),    w = softmax_τ γ m^q(newest)·m^k(τ)
 *     P(x_i(t+1) = 1) = (1 + tanh β h_s)/2,    h_s = Σ_b W^o_bs A_b
 *
 * For N → ∞ the mean of a third is t_s = tanh β h_s: a map of four past A, 12 numbers, and the phase of the positions.
 *
 * @module
 */
import { uniforms } from "../random/random.ts";

/** Tokens in the context. */
export const TOKENS = 4;
/** Features M, and thirds of the spins. */
export const FEATURES = 3;
/** Numbers of a state: four past A, newest first. */
export const STATE = TOKENS * FEATURES;
/** Signs of one weight: of each feature its three thirds, then its two positional bits. */
const ROW = FEATURES + 2;

/** Signs of the four weights (3, 5), row-major: a row of each feature with its three thirds, then its two positional bits. */
export interface SpinWeights {
  /** Output. */
  readonly o: readonly number[];
  /** Values. */
  readonly v: readonly number[];
  /** Queries. */
  readonly q: readonly number[];
  /** Keys. */
  readonly k: readonly number[];
}

/** Weights and couplings. */
export interface SpinSystem {
  /** Signs. */
  readonly weights: SpinWeights;
  /** Inverse temperature β ≥ 0 of the output. */
  readonly beta: number;
  /** Sharpness γ of attention. */
  readonly gamma: number;
  /** Weight ε of positions in a token, in [0, 1]. */
  readonly epsilon: number;
}

/** Four past A, newest first, and how many steps the positions have been rolled. */
export interface SpinState {
  /** A of each token, newest first (4, 3). */
  readonly window: ArrayLike<number>;
  /** Steps since positions stood as in {@linkcode POSITIONS}, modulo 4. */
  readonly phase: number;
}

const signs = (text: string) =>
  [...text].filter((sign) => sign === "+" || sign === "-").map((sign) => Number(`${sign}1`));

/** Weights of the authors' figures: those that NumPy's legacy generator draws for seed 1. */
export const PAPER_WEIGHTS: SpinWeights = {
  o: signs("-++|-- -+-|+- +++|++"),
  v: signs("-+-|-- --+|+- -++|-+"),
  q: signs("+--|+- ---|++ +-+|--"),
  k: signs("---|-- --+|-- -+-|-+"),
};

/** Start of the authors' figures, newest first (4, 3). */
export const PAPER_START: readonly number[] = [
  [-0.228899, -0.253031, 0.400173],
  [-0.234961, -0.246969, 0.394111],
  [-0.247611, -0.234319, 0.381462],
  [0.307527, 0.291898, 0.938115],
].flat();

/** Positional bits of the tokens at phase 0, newest first (4, 2). */
export const POSITIONS: readonly number[] = [1, 1, 1, -1, -1, 1, -1, -1];

/**
 * Draws weights: every sign by a fair coin.
 *
 * @param seed Seed of the draw.
 * @returns Signs of the four weights.
 *
 * @example
 * ```ts
 * import { randomSpinWeights } from "./spin_attention.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(randomSpinWeights(7).o.map(Math.abs), Array(15).fill(1));
 * ```
 */
export function randomSpinWeights(seed: number): SpinWeights {
  const count = FEATURES * ROW;
  const all = [...uniforms({ seed, key: "spin weights" }, 4 * count)].map((u) => u < 0.5 ? -1 : 1);
  const [o, v, q, k] = [0, 1, 2, 3].map((index) => all.slice(index * count, (index + 1) * count));
  return { o, v, q, k };
}

/**
 * Draws a start: every number of the four past A uniform in (−1, 1).
 *
 * @param seed Seed of the draw.
 * @returns A of four tokens, newest first (4, 3).
 */
export function randomSpinStart(seed: number): number[] {
  return [...uniforms({ seed, key: "spin start" }, STATE)].map((u) => 2 * u - 1);
}

/**
 * Packs signs for kernels: those of o, v, q and k one after the other.
 *
 * @param weights Signs.
 * @returns Signs (60).
 */
export const packSpinWeights = ({ o, v, q, k }: SpinWeights): number[] => [...o, ...v, ...q, ...k];
