/** Combining two shapes element by element. */
import { ShapeError } from "../../lib/gpu/errors.ts";

/** Axes along which a kernel walks, and its steps through both operands along each. */
export interface BroadcastPlan {
  /** Shape of the result. */
  readonly shape: readonly number[];
  /** Whether both operands have the result's shape. */
  readonly same: boolean;
  /** Extents of four axes, as few of them above 1 as possible. */
  readonly extents: readonly number[];
  /** Elements of the left operand from one index to the next; 0 where it repeats. */
  readonly left: readonly number[];
  /** Elements of the right operand from one index to the next; 0 where it repeats. */
  readonly right: readonly number[];
}

/** Axes that the kernels can walk along. */
const AXES = 4;

/**
 * Aligns two shapes at the right; axes of extent 1 repeat, and axes that both operands walk through alike are merged.
 *
 * @param label Stands in the error message.
 * @param a Shape of the left operand.
 * @param b Shape of the right operand.
 * @returns The plan.
 * @throws {ShapeError} If extents differ and neither is 1, or more than four axes remain after merging.
 *
 * @example
 * ```ts
 * import { broadcast } from "./broadcast.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { shape, extents, right } = broadcast("add", [2, 3, 4, 5], [2, 1, 1, 5]);
 * assertEquals({ shape, extents, right }, { shape: [2, 3, 4, 5], extents: [1, 2, 12, 5], right: [0, 5, 0, 1] });
 * ```
 */
export function broadcast(label: string, a: readonly number[], b: readonly number[]): BroadcastPlan {
  const rank = Math.max(a.length, b.length);
  const full = (shape: readonly number[]) => [...new Array<number>(rank - shape.length).fill(1), ...shape];
  const [left, right] = [full(a), full(b)];
  if (left.some((extent, axis) => extent !== right[axis] && extent !== 1 && right[axis] !== 1)) {
    const found = `(${a.join(", ")}) and (${b.join(", ")})`;
    throw new ShapeError(`${label}: expected shapes that agree from the right or have extent 1 there, found ${found}`);
  }
  const shape = left.map((extent, axis) => Math.max(extent, right[axis]));
  const same = [left, right].every((extents) => extents.every((extent, axis) => extent === shape[axis]));

  // From the last axis on: an axis joins the one after it if both operands go on, or both repeat, across the border.
  const merged: { extent: number; steps: [number, number] }[] = [];
  const passed = [1, 1];
  for (let axis = rank - 1; axis >= 0; axis--) {
    const extent = shape[axis];
    if (extent === 1) continue;
    const own = [left[axis], right[axis]];
    const steps = own.map((mine, side) => mine === 1 ? 0 : passed[side]) as [number, number];
    const inner = merged[0];
    const joins = inner !== undefined && steps.every((step, side) => step === inner.steps[side] * inner.extent);
    if (joins) inner.extent *= extent;
    else merged.unshift({ extent, steps });
    own.forEach((mine, side) => passed[side] *= mine);
  }
  if (merged.length > AXES) {
    const found = `(${a.join(", ")}) and (${b.join(", ")})`;
    throw new ShapeError(`${label}: expected at most ${AXES} axes that alternate in repeating, found ${found}`);
  }
  while (merged.length < AXES) merged.unshift({ extent: 1, steps: [0, 0] });
  return {
    shape,
    same,
    extents: merged.map(({ extent }) => extent),
    left: merged.map(({ steps }) => steps[0]),
    right: merged.map(({ steps }) => steps[1]),
  };
}
