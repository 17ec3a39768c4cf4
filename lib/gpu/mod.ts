/**
 * The GPU: one shared device, kernels called like functions, tensors, programs recorded once and replayed.
 *
 * @module
 */
export { type AdapterChoice, type AdapterSummary, currentGpu, Gpu, openGpu, withoutComputing } from "./device.ts";
export type { DryMemory, Held } from "./dry_device.ts";
export { GpuError, type GpuErrorKind, KernelError, ShapeError } from "./errors.ts";
export {
  type Axes,
  checkLoopIterations,
  type Kernel,
  kernel,
  type KernelArguments,
  type KernelOf,
  type KernelSpec,
  MAX_LOOP_ITERATIONS,
  type Sizes,
} from "./kernel.ts";
export type { Constants, WgslFiles } from "./wgsl.ts";
export { type DType, type HostArrays, Staging, Tensor } from "./tensor.ts";
export { evaluate, makeTensor, own, Program, type ProgramWork, record, withoutFusion } from "./program.ts";
export type { ElementMap, Epilogue, Walk, Width } from "./element_map.ts";
export type { Home, Memory } from "./memory.ts";
export type { Dispatch } from "./dispatch.ts";
export {
  type KernelTime,
  type Profiled,
  Profiler,
  type ProgramTime,
  startProfiling,
  stopProfiling,
} from "./profiler.ts";
