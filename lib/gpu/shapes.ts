/** Conditions on a kernel call before anything reaches the GPU: element types, shapes, scalars, aliasing. */
import type { Field } from "./bindings.ts";
import type { Declaration, Sizes, TensorBinding } from "./declaration.ts";
import { ShapeError } from "./errors.ts";
import { type DType, Tensor } from "./tensor.ts";

/** Arguments of a kernel call by name. */
export type ArgumentValues = Readonly<Record<string, Tensor<DType> | number | undefined>>;

/**
 * Element type of the host tensor behind a WGSL array: vectors and atomics count as their components.
 *
 * @param type WGSL type, such as `array<vec4f>`.
 * @returns Element type.
 *
 * @example
 * ```ts
 * import { elementType } from "./shapes.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(["array<f32>", "array<vec4f>", "array<atomic<u32>>", "array<vec2i>"].map(elementType), ["f32", "f32", "u32", "i32"]);
 * ```
 */
export function elementType(type: string): DType {
  return /u32|vec\du/.test(type) ? "u32" : /i32|vec\di/.test(type) ? "i32" : "f32";
}

/**
 * Finds the size of every axis of a call: numerals, then sizes that the call gives, then shapes of tensors.
 *
 * @param kernel Declaration of the kernel.
 * @param values Arguments of the call.
 * @param given Sizes of axes that no tensor fixes, and values of module-scope constants.
 * @returns A size for every axis, and the given constants.
 * @throws {ShapeError} If an argument is missing or of another type or shape, two tensors disagree in an axis, an
 * output's axis is unknown, or `given` names neither an axis nor a constant.
 */
export function resolveSizes(kernel: Declaration, values: ArgumentValues, given: Sizes): Sizes {
  const { label, tensors, constants, scalars } = kernel;
  const axes = new Set(tensors.flatMap((tensor) => tensor.axes));
  for (const [name, size] of Object.entries(given)) {
    if (!axes.has(name) && !constants.includes(name)) {
      const names = [...axes, ...constants.filter((constant) => !axes.has(constant))];
      throw new ShapeError(`${label}: expected sizes of ${names.join(", ") || "nothing"}, found "${name}"`);
    }
    if (axes.has(name) && !(Number.isInteger(size) && size >= 1)) {
      throw new ShapeError(`${label}: expected a positive integer for axis ${name}, found ${size}`);
    }
  }
  const sizes: Record<string, number> = { ...given };
  for (const axis of axes) if (/^\d+$/.test(axis)) sizes[axis] = Number(axis);

  const origin: Record<string, string> = {};
  for (const binding of tensors) {
    const { name } = binding;
    if (binding.output && values[name] === undefined) continue;
    const { shape } = checkTensor(label, binding, values[name]);
    binding.axes.forEach((axis, index) => {
      if (sizes[axis] !== undefined && sizes[axis] !== shape[index]) {
        const source = origin[axis] ? ` as in "${origin[axis]}"` : "";
        throw new ShapeError(
          `${label}: expected axis ${axis} of "${name}" to be ${sizes[axis]}${source}, found ${shape[index]}`,
        );
      }
      sizes[axis] = shape[index];
      origin[axis] ??= name;
    });
  }
  for (const { name, axes } of tensors.filter(({ output }) => output)) {
    const unknown = axes.find((axis) => sizes[axis] === undefined);
    if (unknown !== undefined) {
      throw new ShapeError(
        `${label}: expected the size of axis ${unknown} of output "${name}", found none: give it as { ${unknown}: … }`,
      );
    }
  }
  for (const name of scalars) {
    if (typeof values[name] !== "number") {
      throw new ShapeError(`${label}: expected a number for "${name}", found ${typeof values[name]}`);
    }
  }
  return sizes;
}

function checkTensor(
  label: string,
  { name, type, axes }: TensorBinding,
  tensor: Tensor<DType> | number | undefined,
): Tensor<DType> {
  if (!(tensor instanceof Tensor)) {
    throw new ShapeError(`${label}: expected a tensor for "${name}", found ${typeof tensor}`);
  }
  const dtype = elementType(type);
  if (tensor.dtype !== dtype) {
    throw new ShapeError(`${label}: expected "${name}" of type ${dtype}, found ${tensor.dtype}`);
  }
  if (tensor.shape.length !== axes.length) {
    throw new ShapeError(
      `${label}: expected "${name}" of shape (${axes.join(", ")}), found (${tensor.shape.join(", ")})`,
    );
  }
  return tensor;
}

/**
 * Refuses a call in which memory that is written is bound a second time: WebGPU has no order between the two, and knows
 * whole buffers only. Two outputs may lie side by side in one buffer.
 *
 * @param kernel Declaration of the kernel.
 * @param values Arguments of the call.
 * @throws {ShapeError} Naming both arguments.
 * @throws {GpuError} If a tensor was destroyed.
 */
export function checkAliases({ label, tensors }: Declaration, values: ArgumentValues): void {
  const bound = tensors.flatMap(({ name, access }) => {
    const tensor = values[name];
    return tensor instanceof Tensor ? [{ name, access, ...extentOf(tensor) }] : [];
  });
  for (const written of bound.filter(({ access }) => access === "read_write")) {
    const other = bound.find(({ name, access, owner, start, size }) =>
      name !== written.name && owner === written.owner &&
      (access === "read" || (start < written.start + written.size && written.start < start + size))
    );
    if (other) {
      throw new ShapeError(
        `${label}: expected a tensor of its own for "${written.name}", which is written, found that of "${other.name}"`,
      );
    }
  }
}

/** Where a tensor lies: in a buffer, or in planned memory that has none yet. Bytes. */
function extentOf(tensor: Tensor<DType>): { readonly owner: object; readonly start: number; readonly size: number } {
  const { memory, start, size } = tensor;
  if (!memory.placed && !tensor.destroyed) return { owner: memory, start: start * 4, size: size * 4 };
  const { buffer, offset, size: bytes } = tensor.binding;
  return { owner: buffer, start: offset, size: bytes };
}

/**
 * Lays out the uniform `dims`: one 32-bit word per field, padded to 16 bytes.
 *
 * @param label Stands in the error message.
 * @param fields Fields of struct Dims.
 * @param values Sizes and scalars by name.
 * @returns Bytes for a uniform buffer.
 * @throws {ShapeError} If a value is missing or does not fit the field's type. NaN and infinity fit none.
 *
 * @example
 * ```ts
 * import { packUniform } from "./shapes.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = packUniform("double", [{ name: "C", type: "u32" }, { name: "scale", type: "f32" }], { C: 3, scale: 0.5 });
 * assertEquals([new Uint32Array(bytes)[0], new Float32Array(bytes)[1], bytes.byteLength], [3, 0.5, 16]);
 * ```
 */
export function packUniform(label: string, fields: readonly Field[], values: Sizes): ArrayBuffer {
  const bytes = new DataView(new ArrayBuffer(Math.ceil(fields.length / 4) * 16));
  fields.forEach(({ name, type }, index) => {
    const value = values[name];
    if (value === undefined) {
      throw new ShapeError(`${label}: expected the size of axis ${name}, found none: give it as { ${name}: … }`);
    }
    const fits = type === "f32" ? Number.isFinite(value) : value === (type === "u32" ? value >>> 0 : value | 0);
    if (!fits) throw new ShapeError(`${label}: expected "${name}" of type ${type}, found ${value}`);
    if (type === "f32") bytes.setFloat32(index * 4, value, true);
    else if (type === "u32") bytes.setUint32(index * 4, value, true);
    else bytes.setInt32(index * 4, value, true);
  });
  return bytes.buffer;
}
