/** Declarations of WGSL text to the outside: resource bindings, the fields of `Dims`, module-scope constants. */
import { KernelError } from "./errors.ts";

/** A `@group(0) @binding(n) var<…> name: type;` declaration. */
export interface Binding {
  /** Name in WGSL, which is the argument's name on the host. */
  readonly name: string;
  /** Number in `@binding(n)`. */
  readonly slot: number;
  /** How the kernel uses it. */
  readonly access: "uniform" | "read" | "read_write";
  /** WGSL type after the colon, without spaces. */
  readonly type: string;
  /** Axis names of a trailing `// (R, C)` comment, if there is one. */
  readonly axes: readonly string[] | null;
}

/** A field of a WGSL struct of 32-bit scalars. */
export interface Field {
  /** Name of the field. */
  readonly name: string;
  /** WGSL type of the field. */
  readonly type: "u32" | "i32" | "f32";
}

const BINDING =
  /^[^\S\n]*@group\((\d+)\)\s*@binding\((\d+)\)\s*var<(uniform|storage)(?:,\s*(read|read_write))?>\s*(\w+)\s*:\s*([^;]+);(?:[^\S\n]*\/\/[^\S\n]*\(([^)\n]*)\))?/gm;

/**
 * The resource bindings that WGSL text declares, one a line, `@group` before `@binding`.
 *
 * @param code WGSL text.
 * @returns Bindings in order of declaration.
 * @throws {KernelError} If a binding is outside group 0.
 *
 * @example
 * ```ts
 * import { parseBindings } from "./bindings.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [x] = parseBindings("@group(0) @binding(1) var<storage, read> x: array<f32>;  // (R, C)");
 * assertEquals(x, { name: "x", slot: 1, access: "read", type: "array<f32>", axes: ["R", "C"] });
 * ```
 */
export function parseBindings(code: string): Binding[] {
  return [...code.matchAll(BINDING)].map(([, group, slot, space, access, name, type, axes]) => {
    if (group !== "0") throw new KernelError(`binding ${name}: expected @group(0), found @group(${group})`);
    return {
      name,
      slot: Number(slot),
      access: space === "uniform" ? "uniform" : access === "read_write" ? "read_write" : "read",
      type: type.replaceAll(/\s/g, ""),
      axes: axes === undefined ? null : axes.split(",").map((axis) => axis.trim()).filter(Boolean),
    };
  });
}

/**
 * Fields of a WGSL struct of 32-bit scalars.
 *
 * @param code WGSL text.
 * @param struct Name of the struct.
 * @returns Field names and scalar types, in order.
 * @throws {KernelError} If the struct is missing or has a field that is no 32-bit scalar.
 *
 * @example
 * ```ts
 * import { parseStruct } from "./bindings.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseStruct("struct Dims { R: u32, scale: f32 }", "Dims"), [
 *   { name: "R", type: "u32" },
 *   { name: "scale", type: "f32" },
 * ]);
 * ```
 */
export function parseStruct(code: string, struct: string): Field[] {
  const body = new RegExp(`struct\\s+${struct}\\s*\\{([^}]*)\\}`).exec(code)?.[1];
  if (body === undefined) throw new KernelError(`expected "struct ${struct}" in the WGSL text, found none`);
  const fields = body.replaceAll(/\/\/.*$/gm, "").split(",").map((field) => field.trim()).filter(Boolean);
  return fields.map((field) => {
    const [name, type] = field.split(":").map((part) => part.trim());
    if (type !== "u32" && type !== "i32" && type !== "f32") {
      throw new KernelError(`struct ${struct}, field ${name}: expected u32, i32 or f32, found ${type}`);
    }
    return { name, type };
  });
}
