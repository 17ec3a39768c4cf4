/** Bounded, irregular and reproducible numbers: inputs for identities that hold for every input. */
export function waves(length: number, seed: number): Float32Array {
  return Float32Array.from({ length }, (_, k) => Math.sin(12.9898 * (k + 1) + 78.233 * seed) * 1.3);
}
