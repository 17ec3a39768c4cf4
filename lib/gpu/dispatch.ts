/** One kernel launch: how its workgroups are laid out and how it is encoded. */
import { ShapeError } from "./errors.ts";

/** One kernel launch with everything bound. */
export interface Dispatch {
  /** Label of the kernel. */
  readonly label: string;
  /** Compiled kernel. */
  readonly pipeline: GPUComputePipeline;
  /** Its tensors and its uniform. */
  readonly bindings: GPUBindGroup;
  /** Workgroups along x, y and z. */
  readonly groups: readonly [number, number, number];
  /** Floating-point operations, or null if the kernel does not say. */
  readonly flops: number | null;
  /** Bytes of all bound tensors; twice for those that are changed in place. */
  readonly bytes: number;
}

/** Workgroups that WebGPU allows along one dimension. */
const MAX_GROUPS_PER_DIMENSION = 65_535;

/**
 * Lays workgroups out in as few rows as WebGPU allows: `group_index` of `group_index.part.wgsl` undoes it.
 *
 * With n groups there are `⌈n / 65 535⌉` rows of equal length, so that fewer groups than rows overshoot n.
 *
 * @param label Stands in the error message.
 * @param groups Number of workgroups n, 1 … 65 535².
 * @returns Groups along x, y and z; `x · y ≥ n`.
 * @throws {ShapeError} If n is out of range.
 *
 * @example
 * ```ts
 * import { foldGroups } from "./dispatch.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(foldGroups("double", 65_536), [32_768, 2, 1]);
 * ```
 */
export function foldGroups(label: string, groups: number): readonly [number, number, number] {
  if (!Number.isInteger(groups) || groups < 1 || groups > MAX_GROUPS_PER_DIMENSION ** 2) {
    throw new ShapeError(`${label}: expected 1 to ${MAX_GROUPS_PER_DIMENSION ** 2} workgroups, found ${groups}`);
  }
  const rows = Math.ceil(groups / MAX_GROUPS_PER_DIMENSION);
  return [Math.ceil(groups / rows), rows, 1];
}

/**
 * Appends a dispatch to a compute pass. Dispatches of a pass run in order; each sees what the earlier ones wrote.
 *
 * @param pass Open compute pass.
 * @param dispatch What to launch.
 */
export function encode(pass: GPUComputePassEncoder, { pipeline, bindings, groups }: Dispatch): void {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindings);
  pass.dispatchWorkgroups(...groups);
}
