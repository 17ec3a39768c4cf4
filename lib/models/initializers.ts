/** Laws of initial values. */
import { normals, uniforms } from "../random/random.ts";
import type { ParameterSpec } from "./parameter_spec.ts";

/** Law of a parameter's initial values. */
export type Initializer =
  | {
    /** Independent N(0, deviation²). */
    readonly law: "normal";
    /** Standard deviation, ≥ 0. */
    readonly deviation: number;
  }
  | {
    /** Independent U(−bound, bound). */
    readonly law: "uniform";
    /** Largest absolute value, ≥ 0. */
    readonly bound: number;
  }
  | {
    /** All equal. */
    readonly law: "constant";
    /** The value. */
    readonly value: number;
  }
  | {
    /** Given by the caller, the same for all replicas. */
    readonly law: "given";
    /** Elements, row-major, as many as the parameter has. */
    readonly values: ArrayLike<number>;
  };

/**
 * Initial values of one replica's parameter: a function of its seed and name only, the same on every adapter.
 *
 * A parameter with parts draws each part under the part's own name, so that the values do not depend on which parameters
 * share a matrix.
 *
 * @param name Name of the parameter, which is the key of its draws.
 * @param spec Its shape, law and parts.
 * @param seed Seed of the replica.
 * @returns Elements, row-major.
 * @throws {RangeError} If given values are too few or too many, or the law's number is not allowed.
 *
 * @example
 * ```ts
 * import { initialValues } from "./initializers.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const init = { law: "normal", deviation: 1 } as const;
 * const joined = initialValues("block.both", { shape: [2, 3], init, parts: { a: 1, b: 2 } }, 7);
 * const a = initialValues("block.a", { shape: [2, 1], init }, 7);
 * assertEquals([joined[0], joined[3]], [...a]);
 * ```
 */
export function initialValues(name: string, { shape, init, parts }: ParameterSpec, seed: number): Float32Array {
  const columns = shape.at(-1) ?? 1;
  const size = shape.reduce((product, extent) => product * extent, 1);
  if (!parts || init.law === "given") return draw(`init ${name}`, init, seed, size);
  const values = new Float32Array(size);
  const rows = size / columns;
  const prefix = name.slice(0, name.lastIndexOf(".") + 1);
  let first = 0;
  for (const [part, width] of Object.entries(parts)) {
    const mine = draw(`init ${prefix}${part}`, init, seed, rows * width);
    for (let row = 0; row < rows; row++) {
      values.set(mine.subarray(row * width, (row + 1) * width), row * columns + first);
    }
    first += width;
  }
  return values;
}

function draw(key: string, init: Initializer, seed: number, size: number): Float32Array {
  checkScale(key, init);
  switch (init.law) {
    case "normal":
      return Float32Array.from(normals({ seed, key }, size), (value) => init.deviation * value);
    case "uniform":
      return Float32Array.from(uniforms({ seed, key }, size), (value) => init.bound * (2 * value - 1));
    case "constant":
      return new Float32Array(size).fill(init.value);
    case "given":
      if (init.values.length !== size) {
        throw new RangeError(`${key}: expected ${size} given values, found ${init.values.length}`);
      }
      return Float32Array.from(init.values);
  }
}

function checkScale(key: string, init: Initializer): void {
  if (init.law === "given") return;
  const [name, scale] = init.law === "normal"
    ? ["deviation", init.deviation]
    : init.law === "uniform"
    ? ["bound", init.bound]
    : ["value", init.value];
  const signed = init.law === "constant";
  if (Number.isFinite(scale) && (signed || scale >= 0)) return;
  throw new RangeError(`${key}: expected a finite ${name}${signed ? "" : " ≥ 0"}, found ${scale}`);
}
