/**
 * Writing out WGSL loops whose header line ends in `// unroll`.
 *
 * Arrays that are only indexed by constants live in registers: on a software driver that is five times faster than a
 * loop over private memory, and unrolled iterations do not count towards the driver's limit on loop iterations.
 */
import { KernelError } from "./errors.ts";
import { evaluate } from "./expression.ts";

/** One line of WGSL and where it was written. */
export interface SourceLine {
  /** The line without its line break. */
  readonly text: string;
  /** Name of the file. */
  readonly file: string;
  /** Line number, from 1. */
  readonly line: number;
}

const MARK = /\{\s*\/\/\s*unroll\s*$/;
const LOOP =
  /^\s*for\s*\(\s*var\s+(\w+)\s*=\s*([^;]+);\s*\1\s*(<=|<)\s*([^;]+);\s*\1(?:\+\+|\s*\+=\s*([^)]+))\s*\)\s*\{\s*\/\/\s*unroll\s*$/;
/** A slip in a bound must not eat the memory; the largest kernels here have some 10⁴ lines. */
const MAX_LINES = 1_000_000;

/**
 * Writes out loops marked `// unroll`, inner loops too: one block per iteration, with the loop variable as its `const`.
 *
 * A marked header reads `for (var i = FROM; i < TO; i++) { // unroll`, also with `<=` and `i += STRIDE`. FROM, TO and
 * STRIDE are constant expressions (outer unrolled variables included) and the variable is a u32. The loop ends in a
 * line of its own with `}`. Its body may not `break` or `continue`: both would leave the block's surroundings.
 *
 * @param lines WGSL lines.
 * @param known Values of module-scope constants.
 * @returns WGSL lines, each with the origin of the line it was made from.
 * @throws {KernelError} If a marked line is no such loop, or its bounds are not constant.
 *
 * @example
 * ```ts
 * import { unroll } from "./unroll.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const lines = ["for (var i = 1u; i <= D; i++) { // unroll", "  f(i);", "}"]
 *   .map((text, index) => ({ text, file: "a.wgsl", line: index + 1 }));
 * const code = unroll(lines, new Map([["D", 2]])).map(({ text }) => text.trim()).join(" ");
 * assertEquals(code, "{ const i = 1u; f(i); } { const i = 2u; f(i); }");
 * ```
 */
export function unroll(lines: readonly SourceLine[], known: ReadonlyMap<string, number>): SourceLine[] {
  const out: SourceLine[] = [];
  expand(lines, known, out);
  return out;
}

function expand(lines: readonly SourceLine[], known: ReadonlyMap<string, number>, out: SourceLine[]): void {
  for (let index = 0; index < lines.length; index++) {
    const head = lines[index];
    if (!MARK.test(head.text)) {
      out.push(head);
      continue;
    }
    const where = `${head.file}:${head.line}`;
    const match = LOOP.exec(head.text);
    if (!match) {
      throw new KernelError(
        `${where}: expected "for (var i = FROM; i < TO; i++) { // unroll", found "${head.text.trim()}"`,
      );
    }
    const end = closingLine(lines, index);
    const body = lines.slice(index + 1, end);
    refuseJumps(body);
    const [, name, from, comparison, to, by] = match;
    if (/^\d+$/.test(from.trim())) {
      throw new KernelError(`${where}: expected an unsigned start such as "${from.trim()}u" in an unrolled loop`);
    }
    const bound = evaluate(to, known, where) + (comparison === "<=" ? 1 : 0);
    const stride = by === undefined ? 1 : evaluate(by, known, where);
    if (stride < 1) {
      throw new KernelError(`${where}: expected a stride of at least 1 in an unrolled loop, found ${stride}`);
    }
    for (let value = evaluate(from, known, where); value < bound; value += stride) {
      out.push({ ...head, text: `{ const ${name} = ${value}u;` });
      expand(body, new Map(known).set(name, value), out);
      out.push({ ...lines[end], text: "}" });
      if (out.length > MAX_LINES) {
        throw new KernelError(`${where}: expected at most ${MAX_LINES} lines after unrolling, found more`);
      }
    }
    index = end;
  }
}

function withoutComment(text: string): string {
  return text.replace(/\/\/.*$/, "");
}

function closingLine(lines: readonly SourceLine[], start: number): number {
  let depth = 0;
  for (let index = start; index < lines.length; index++) {
    const text = withoutComment(lines[index].text);
    for (const character of text) {
      if (character === "{") depth++;
      if (character === "}") depth--;
    }
    if (index > start && depth <= 0) {
      if (text.trim() === "}") return index;
      break;
    }
  }
  const { file, line } = lines[start];
  throw new KernelError(`${file}:${line}: expected the unrolled loop to end in a line of its own with "}", found none`);
}

/** Jumps are fine inside loops that stay loops. */
function refuseJumps(body: readonly SourceLine[]): void {
  const blocks: boolean[] = [];
  for (const { text, file, line } of body) {
    let loop = false;
    for (const token of MARK.test(text) ? ["{"] : withoutComment(text).match(/\w+|[{}]/g) ?? []) {
      if (["for", "while", "loop", "switch"].includes(token)) loop = true;
      else if (token === "{") {
        blocks.push(loop);
        loop = false;
      } else if (token === "}") blocks.pop();
      else if ((token === "break" || token === "continue") && !blocks.includes(true)) {
        throw new KernelError(`${file}:${line}: expected no "${token}" of an unrolled loop, found one`);
      }
    }
  }
}
