import { assertEquals, assertThrows } from "@std/assert";
import { KernelError } from "../../lib/gpu/errors.ts";
import { evaluate } from "../../lib/gpu/expression.ts";

const known = new Map([["D", 5], ["K", 2]]);
const value = (expression: string) => evaluate(expression, known, "a.wgsl:3");

Deno.test("operators bind and associate as in WGSL, and division truncates", () => {
  assertEquals(value("D"), 5);
  assertEquals(value("1u + 2u * D"), 11);
  assertEquals(value("(1u + 2u) * D"), 15);
  assertEquals(value("20u - D - K"), 13);
  assertEquals(value("D / K"), 2);
  assertEquals(value("100u / D / K"), 10);
  assertEquals(value("D % 3u * K"), 4);
  assertEquals(value(" 0x1Fu + 2i + ((3)) "), 36);
});

Deno.test("anything else is named, with the place", () => {
  const cases = [
    ["N + 1u", "N", "N + 1u"],
    ["D +", "the end", "D +"],
    ["", "the end", ""],
    ["(D", "the end", "(D"],
    ["(D D)", "D", "(D D)"],
    ["D D", "D", "D D"],
    ["min(D, K)", "min", "min(D, K)"],
    ["1.5", ".", "1.5"],
    ["D / (K - 2u)", "/ 0", "D / (K - 2u)"],
    ["D % 0u", "% 0", "D % 0u"],
    ["-D", "-", "-D"],
  ];
  for (const [expression, found, whole] of cases) {
    const { message } = assertThrows(() => value(expression), KernelError);
    assertEquals(message, `a.wgsl:3: expected a constant integer expression, found "${found}" in "${whole}"`);
  }
});
