/** Integer constant expressions, as they stand in WGSL loop bounds and module-scope constants. */
import { KernelError } from "./errors.ts";

/**
 * Evaluates an expression over `+ - * / %`, parentheses, unsigned literals and known constants.
 *
 * @param expression WGSL text, such as `D * (D + 1u) / 2u`.
 * @param known Values of the names that may occur.
 * @param where Stands in the error message, such as `kernels/a.wgsl:12`.
 * @returns An integer; division truncates, as in WGSL.
 * @throws {KernelError} If the text is anything else, or a division by zero.
 *
 * @example
 * ```ts
 * import { evaluate } from "./expression.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(evaluate("D * (D + 1u) / 2u", new Map([["D", 4]]), "a.wgsl:1"), 10);
 * ```
 */
export function evaluate(expression: string, known: ReadonlyMap<string, number>, where: string): number {
  const tokens = expression.match(/\w+|\S/g) ?? [];
  let position = 0;
  const fail = (found: string): never => {
    throw new KernelError(
      `${where}: expected a constant integer expression, found "${found}" in "${expression.trim()}"`,
    );
  };
  const factor = (): number => {
    const token = tokens[position++] ?? fail("the end");
    if (token === "(") {
      const value = sum();
      const close = tokens[position++] ?? fail("the end");
      return close === ")" ? value : fail(close);
    }
    if (/^(0x[\da-f]+|\d+)[ui]?$/i.test(token)) return Number(token.replace(/[ui]$/, ""));
    return known.get(token) ?? fail(token);
  };
  const product = (): number => {
    let value = factor();
    while (["*", "/", "%"].includes(tokens[position])) {
      const operator = tokens[position++];
      const right = factor();
      if (operator !== "*" && right === 0) fail(`${operator} 0`);
      value = operator === "*" ? value * right : operator === "/" ? Math.trunc(value / right) : value % right;
    }
    return value;
  };
  const sum = (): number => {
    let value = product();
    while (["+", "-"].includes(tokens[position])) {
      value = tokens[position++] === "+" ? value + product() : value - product();
    }
    return value;
  };
  const value = sum();
  return position === tokens.length ? value : fail(tokens[position]);
}
