/**
 * The little that is done to WGSL text before it reaches the driver: joining files, setting constants, unrolling loops.
 *
 * A kernel file is valid WGSL on its own. Two conventions make it specialisable:
 *
 * - `const D: u32 = 8u;` at module scope, at the start of a line, is a default; the host may set another value. A
 *   constant computed from others (`const DD: u32 = D * D;`) follows them.
 * - a loop whose header line ends in `// unroll` is written out: see {@linkcode unroll}.
 *
 * Every line keeps its origin, so that a compiler message names the file and line that a person wrote.
 */
import { KernelError } from "./errors.ts";
import { evaluate } from "./expression.ts";
import { type SourceLine, unroll } from "./unroll.ts";

/** WGSL files by name, in the order in which they are joined. */
export type WgslFiles = Readonly<Record<string, string>>;

/** Values for module-scope constants, by name. */
export type Constants = Readonly<Record<string, number>>;

const MODULE_CONSTANT = /^const\s+(\w+)\s*:\s*(u32|i32|f32)\s*=\s*([^;]+);/;
const RANGES = { u32: [0, 2 ** 32 - 1], i32: [-(2 ** 31), 2 ** 31 - 1] } as const;
const LARGEST_F32 = 2 ** 128 - 2 ** 104;

/**
 * Names of the module-scope constants that a host may set.
 *
 * @param code WGSL text.
 * @returns Names, in order of declaration.
 *
 * @example
 * ```ts
 * import { constantNames } from "./wgsl.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(constantNames("const D: u32 = 8u;\nconst PI: f32 = 3.1415927;"), ["D", "PI"]);
 * ```
 */
export function constantNames(code: string): string[] {
  return code.split("\n").flatMap((line) => MODULE_CONSTANT.exec(line)?.[1] ?? []);
}

/**
 * Joins WGSL files, sets module constants and writes out loops marked `// unroll`.
 *
 * @param files File name → text, in order.
 * @param constants Values that replace the defaults of `const NAME: u32 = …;`. Integers for u32 and i32.
 * @param longest Lines of the longest text whose loops are written out; a longer one keeps them.
 * @returns The lines of one WGSL module, each with its origin.
 * @throws {KernelError} If a constant is not declared, its value does not fit its type or contradicts the constants it
 * is computed from, a marked loop is not closed, or its bounds are not constant.
 *
 * @example
 * ```ts
 * import { assembleWgsl } from "./wgsl.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const code = "const D: u32 = 8u;\nfor (var i = 0u; i < D; i++) { // unroll\n  f(i);\n}";
 * const lines = assembleWgsl({ "a.wgsl": code }, { D: 2 });
 * assertEquals(lines.map((line) => line.text.trim()).join(" "), "const D: u32 = 2u; { const i = 0u; f(i); } { const i = 1u; f(i); }");
 * ```
 */
export function assembleWgsl(files: WgslFiles, constants: Constants = {}, longest = Infinity): SourceLine[] {
  const unused = new Set(Object.keys(constants));
  const known = new Map<string, number>();
  const lines: SourceLine[] = [];
  for (const [file, code] of Object.entries(files)) {
    code.split("\n").forEach((text, index) => {
      const match = MODULE_CONSTANT.exec(text);
      if (match) {
        const [declaration, name, type, fallback] = match;
        const where = `${file}:${index + 1}`;
        const value = constants[name];
        unused.delete(name);
        if (type !== "f32") {
          const usual = evaluate(fallback, known, where);
          const computed = /[a-z_]\w*/i.test(fallback.replaceAll(/\b(0x[\da-f]+|\d+)[ui]?\b/gi, ""));
          if (computed && value !== undefined && value !== usual) {
            throw new KernelError(`${where}: expected ${name} = ${fallback.trim()} = ${usual}, found ${value}`);
          }
          known.set(name, value ?? usual);
        }
        if (value !== undefined) {
          text = `const ${name}: ${type} = ${literal(value, type, name)};` + text.slice(declaration.length);
        }
      }
      lines.push({ text, file, line: index + 1 });
    });
  }
  if (unused.size > 0) {
    const [name] = unused;
    throw new KernelError(
      `${Object.keys(files).join(", ")}: expected a module-scope "const ${name}: u32 = …;" to set, found none`,
    );
  }
  const unrolled = unroll(lines, known);
  if (unrolled.length <= longest) return unrolled;
  // What is constant in a loop that is written out is not in one that is kept.
  return lines.map((line) => ({ ...line, text: line.text.replace(/^(\s+)const /, "$1let ") }));
}

function literal(value: number, type: string, name: string): string {
  if (type === "f32") {
    if (Math.abs(value) <= LARGEST_F32) return /[.e]/.test(`${value}`) ? `${value}` : `${value}.0`;
  } else {
    const [low, high] = RANGES[type as keyof typeof RANGES];
    if (Number.isInteger(value) && value >= low && value <= high) return type === "u32" ? `${value}u` : `${value}`;
  }
  throw new KernelError(`constant ${name}: expected a value of type ${type}, found ${value}`);
}
