/** Errors of the GPU layer. Each message is one line that names the label, what was expected and what was found. */

/** Kind of a GPU error. */
export type GpuErrorKind = "no-adapter" | "shader" | "validation" | "out-of-memory" | "device-lost" | "internal";

/**
 * A failure reported by WebGPU, with the label of the kernel, tensor or program it belongs to.
 *
 * @example
 * ```ts
 * import { GpuError } from "./errors.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(new GpuError("validation", "double", "expected …,\n  found …").message, "double: expected …, found …");
 * ```
 */
export class GpuError extends Error {
  /** Tells the class apart in printed stacks. */
  override readonly name = "GpuError";
  /** Kind of the error. */
  readonly kind: GpuErrorKind;
  /** Kernel, tensor or program it belongs to; `GPU` where that is unknown. */
  readonly label: string;

  /**
   * Joins label and detail to one line.
   *
   * @param kind What went wrong.
   * @param label Kernel, tensor or program it belongs to.
   * @param detail What WebGPU said, or what was expected and found; line breaks become spaces.
   */
  constructor(kind: GpuErrorKind, label: string, detail: string) {
    super(`${label}: ${detail.trim().replaceAll(/\s*\n\s*/g, " ")}`);
    this.kind = kind;
    this.label = label;
  }
}

/** A tensor whose shape or element type does not fit the kernel's declaration, or a number that does not fit its field. */
export class ShapeError extends Error {
  /** Tells the class apart in printed stacks. */
  override readonly name = "ShapeError";
}

/** WGSL source that does not agree with its host declaration; found when the kernel is loaded. */
export class KernelError extends Error {
  /** Tells the class apart in printed stacks. */
  override readonly name = "KernelError";
}
