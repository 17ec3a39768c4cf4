/** Kernels of one simple function, for fusion. */
import type { ElementMap, Width } from "../../lib/gpu/element_map.ts";

/** A function of few operations; its result is called y. */
interface SimpleFunction extends Partial<Pick<ElementMap, "output" | "scalars" | "reads">> {
  readonly inputs: readonly string[];
  /** The function in WGSL, given its name and type. */
  define(name: string, T: "f32" | "vec4f", scalar: (name: string) => string): string;
}

/**
 * Describes a function of few operations that calls no other.
 *
 * @param simple Inputs, and its text.
 * @returns The `map` that a kernel declares.
 */
export function functionOf({ inputs, output = "y", scalars = [], define, reads }: SimpleFunction): ElementMap {
  return {
    inputs,
    output,
    scalars,
    light: true,
    files: () => ({}),
    define: (name, width: Width, scalar) => define(name, width === 1 ? "f32" : "vec4f", scalar),
    ...(reads ? { reads } : {}),
  };
}
