/**
 * Workgroup memory of assembled WGSL: drivers have a limit, and WebGPU as Deno implements it does not check it.
 *
 * A software driver runs a kernel beyond the limit anyway; on a GPU what happens is up to the driver.
 */
import { KernelError } from "./errors.ts";
import { evaluate } from "./expression.ts";
import type { SourceLine } from "./unroll.ts";

const CONSTANT = /^const\s+(\w+)\s*:\s*[ui]32\s*=\s*([^;]+);/;
const VARIABLE = /^\s*var<workgroup>\s*(\w+)\s*:\s*([^;]+);/;
const ALIAS = /^alias\s+(\w+)\s*=\s*([^;]+);/;
const ARRAY = /^array<\s*(.+?)\s*,(.+)>$/;
/** Bytes from one element of an array to the next. */
const STRIDES: Readonly<Record<string, number>> = { f32: 4, u32: 4, i32: 4, vec2: 8, vec3: 16, vec4: 16 };

/**
 * Bytes of workgroup memory that WGSL declares.
 *
 * @param lines WGSL lines, with constants set and loops written out.
 * @returns Bytes, ≥ 0.
 * @throws {KernelError} If a workgroup variable is anything but a 32-bit scalar, a vector of them, or an array of those.
 *
 * @example
 * ```ts
 * import { assembleWgsl } from "./wgsl.ts";
 * import { workgroupBytes } from "./workgroup_memory.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const code = "const D: u32 = 8u;\nvar<workgroup> a: array<f32, 2u * D>;\nvar<workgroup> b: array<vec4u, D>;";
 * assertEquals(workgroupBytes(assembleWgsl({ "a.wgsl": code }, { D: 3 })), 4 * 6 + 16 * 3);
 * ```
 */
export function workgroupBytes(lines: readonly SourceLine[]): number {
  const known = new Map<string, number>();
  const aliases = new Map<string, string>();
  let bytes = 0;
  for (const { text, file, line } of lines) {
    const where = `${file}:${line}`;
    const constant = CONSTANT.exec(text);
    if (constant) known.set(constant[1], evaluate(constant[2], known, where));
    const alias = ALIAS.exec(text);
    if (alias) aliases.set(alias[1], alias[2].trim());
    const variable = VARIABLE.exec(text);
    if (!variable) continue;
    const [, name, type] = variable;
    const [, named, length] = ARRAY.exec(type.trim()) ?? ["", type.trim(), "1"];
    const element = aliases.get(named) ?? named;
    const stride = STRIDES[element.replace(/^atomic<(.*)>$/, "$1").replace(/^(vec\d)([fui]|<[fui]32>)$/, "$1")];
    if (stride === undefined) {
      throw new KernelError(`${where}: expected "${name}" of scalars or vectors in workgroup memory, found ${element}`);
    }
    bytes += stride * evaluate(length.replace(/,\s*$/, ""), known, where);
  }
  return bytes;
}
