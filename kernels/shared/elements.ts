/** Kernels in two forms from one text: number by number, and four numbers at a time. */
import type { WgslFiles } from "../../lib/gpu/wgsl.ts";
import scalar from "./elements_scalar.part.wgsl" with { type: "text" };
import vector from "./elements_vector.part.wgsl" with { type: "text" };

/** Form of a kernel: its element type, and how many numbers that holds. */
export interface ElementForm {
  /** Goes before the kernel's own text: defines `Element`, `WIDTH`, `total`, `largest`, `larger` and `smaller`. */
  readonly files: WgslFiles;
  /** Numbers in an `Element`. */
  readonly width: 1 | 4;
}

/** Numbers one at a time, for any extent. */
export const SCALAR: ElementForm = { files: { "kernels/shared/elements_scalar.part.wgsl": scalar }, width: 1 };
/** Four numbers at a time, for extents that are multiples of four: a load of four costs two single ones. */
export const VECTOR: ElementForm = { files: { "kernels/shared/elements_vector.part.wgsl": vector }, width: 4 };

/**
 * Declares a kernel in both forms.
 *
 * @param declare Declares it in one form.
 * @returns Chooses the form that fits: four at a time if all the numbers given are multiples of four.
 *
 * @example
 * ```ts
 * import { inBothForms } from "./elements.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const widthFor = inBothForms(({ width }) => width);
 * assertEquals([widthFor(64), widthFor(64, 3)], [4, 1]);
 * ```
 */
export function inBothForms<K>(declare: (form: ElementForm) => K): (...extents: number[]) => K {
  const [one, four] = [declare(SCALAR), declare(VECTOR)];
  return (...extents) => extents.every((extent) => extent % 4 === 0) ? four : one;
}
