/** Seeded float64 prompts for the oracle: commuting or dense tasks, token by token. */

import type { Prompt } from "./linear_icl.ts";

/** Standard normal numbers, a function of the seed: mulberry32 and Box–Muller. */
export function normals(seed: number): () => number {
  let state = seed >>> 0, spare: number | undefined;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform())), angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

/** A prompt in the eigenbasis with the given task W (d, d). */
export function drawPrompt(spectrum: readonly number[], N: number, task: Float64Array, normal: () => number): Prompt {
  const d = spectrum.length, roots = spectrum.map(Math.sqrt);
  return {
    tokens: Float64Array.from({ length: N * d }, (_, k) => roots[k % d] * normal()),
    query: Float64Array.from(roots, (root) => root * normal()),
    task,
  };
}

/** W = diag(λ), λ iid N(0, 1). */
export function commutingTask(d: number, normal: () => number): Float64Array {
  return Float64Array.from({ length: d * d }, (_, k) => k % (d + 1) === 0 ? normal() : 0);
}
