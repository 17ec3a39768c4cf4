/** Kernels that are a function of single numbers, written so that other kernels can take the function over. */
import type { Sizes } from "./declaration.ts";
import type { WgslFiles } from "./wgsl.ts";

/** Numbers that a function takes at a time: one, or four neighbours. */
export type Width = 1 | 4;

/** Up to four axes along which the output is walked through, and the numbers of an input from one index to the next. */
export interface Walk {
  /** Extents of the output's axes, their product its size. */
  readonly extents: readonly number[];
  /** Steps in single numbers, 0 where the input repeats. */
  readonly steps: readonly number[];
}

/**
 * A kernel that computes `y[n] = f(a[n], b[n], …)`: fusion puts f behind whatever made one of the arguments.
 *
 * The function is compiled from the same text in both places, and values pass from one function to the next through an
 * operation that compilers cannot see through, so that nothing is contracted or reordered: the bits are the same.
 */
export interface ElementMap {
  /** Inputs of the kernel, in the order of the function's arguments. */
  readonly inputs: readonly string[];
  /** Output of the kernel. */
  readonly output: string;
  /** Scalars of the kernel that the function uses, of type f32. */
  readonly scalars: readonly string[];
  /** Whether the function is a few operations, so that it may be written out many times over. */
  readonly light: boolean;
  /** WGSL files with what the function calls; the same name means the same text in all kernels. */
  files(width: Width): WgslFiles;
  /**
   * The function in WGSL: `fn NAME(v0: T, v1: T, …) -> T` with T f32 or vec4f. Whatever else it declares has a name that begins
   * with NAME. `scalar` gives the expression of a scalar.
   */
  define(name: string, width: Width, scalar: (name: string) => string): string;
  /** How a call reads its inputs; null, or nothing at all: at the index of the output. */
  reads?(values: Sizes): Readonly<Record<string, Walk | null>>;
}

/** Where a kernel stores an output, so that a function of it can be put there. */
export interface Epilogue {
  /** The output: every store of it is a statement `NAME[index] = value;`, which is executed once for each element. */
  readonly output: string;
  /** Whether stores are written out many times over, so that only light functions may be put there. */
  readonly unrolled?: boolean;
}

/**
 * Tells whether a function's text calls nothing but what a driver has instructions for.
 *
 * @param text WGSL.
 * @returns True if it is a few operations.
 */
export function isLight(text: string): boolean {
  const cheap = new Set(["select", "max", "min", "abs", "sign", "clamp", "sqrt", "Element", "vec4f", "f32"]);
  return [...text.matchAll(/\b([A-Za-z_]\w*)\s*\(/g)].every(([, name]) => cheap.has(name)) && text.length < 120;
}
