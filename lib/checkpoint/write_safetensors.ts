/**
 * Writing safetensors files.
 *
 * @module
 */
import { writeAtomically } from "../io/atomic.ts";
import { layOut, type NamedTensor } from "./header.ts";

/**
 * Writes tensors to a safetensors file, whole or not at all, as PyTorch, JAX and NumPy read it.
 *
 * Arrays go to the disk one after the other as they are; no second copy is made. The bytes depend only on what is
 * written: not on the order of tensors or keys, nor on time.
 *
 * @param path File to create or replace; its folder must be there.
 * @param tensors Tensors with distinct names; float32 becomes F32, 32-bit unsigned U32, and so on.
 * @param metadata Texts by key.
 * @returns Number of bytes written.
 * @throws {RangeError} If a name comes twice or a shape is not that of its data; nothing is written.
 * @throws Whatever the system says, as on a full disk; the old file, if any, is as it was, and nothing else is left.
 *
 * @example
 * ```ts
 * import { openSafetensors } from "./open_safetensors.ts";
 * import { writeSafetensors } from "./write_safetensors.ts";
 *
 * const path = Deno.makeTempFileSync({ suffix: ".safetensors" });
 * writeSafetensors(path, [{ name: "step", shape: [], data: new Uint32Array([7]) }]);
 * {
 *   using file = openSafetensors(path);
 *   if (file.readNumbers("step")[0] !== 7) throw new Error("not read back");
 * }
 * Deno.removeSync(path);
 * ```
 */
export function writeSafetensors(
  path: string,
  tensors: readonly NamedTensor[],
  metadata: Readonly<Record<string, string>> = {},
): number {
  const layout = layOut(tensors, metadata);
  const parts = layout.tensors.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return writeAtomically(path, [layout.head, ...parts]);
}
