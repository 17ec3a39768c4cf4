import { assertEquals, assertThrows } from "@std/assert";
import { KernelError } from "../../lib/gpu/errors.ts";
import { unroll } from "../../lib/gpu/unroll.ts";

const source = (code: string) => code.split("\n").map((text, index) => ({ text, file: "a.wgsl", line: index + 1 }));
const known = new Map([["D", 3]]);
const text = (code: string) => unroll(source(code), known).map((line) => line.text.trim()).join(" ");
const failure = (code: string) => assertThrows(() => unroll(source(code), known), KernelError).message;

Deno.test("a marked loop becomes one block per iteration; other loops stay", () => {
  assertEquals(
    text("for (var i = 0u; i < 2u; i++) { // unroll\n  y[i] = x[i];\n}"),
    "{ const i = 0u; y[i] = x[i]; } { const i = 1u; y[i] = x[i]; }",
  );
  const plain = "for (var i = 0u; i < 2u; i++) {\ny[i] = x[i];\n}";
  assertEquals(text(plain), plain.replaceAll("\n", " "));
});

Deno.test("bounds may be inclusive, strided and empty", () => {
  const values = (header: string) =>
    [...text(`for (var i = ${header}) { // unroll\nf(i);\n}`).matchAll(/const i = (\d+)u;/g)].map(([, i]) => Number(i));
  assertEquals(values("1u; i <= D; i++"), [1, 2, 3]);
  assertEquals(values("0u; i < 2u * D; i += 4u"), [0, 4]);
  assertEquals(values("0u; i <= 8u; i += D - 1u"), [0, 2, 4, 6, 8]);
  assertEquals(values("D; i < 3u; i++"), []);
});

Deno.test("an inner loop's bounds may use outer variables", () => {
  const code =
    "for (var i = 0u; i < D; i++) { // unroll\nfor (var j = i; j <= 2u * i; j += i + 1u) { // unroll\nf(i, j);\n}\n}";
  assertEquals(
    [...text(code).matchAll(/const (\w) = (\d)u;/g)].map(([, name, value]) => name + value).join(" "),
    "i0 j0 i1 j1 i2 j2",
  );
  const triangle = "for (var i = 0u; i < D; i++) { // unroll\nfor (var j = 0u; j <= i; j++) { // unroll\nf();\n}\n}";
  assertEquals(text(triangle).match(/f\(\)/g)?.length, 6);
});

Deno.test("lines of an unrolled loop keep the place where they were written", () => {
  const lines = unroll(source("a();\nfor (var i = 0u; i < 2u; i++) { // unroll\n  f(i);\n}\nb();"), known);
  assertEquals(lines.map(({ line }) => line), [1, 2, 3, 4, 2, 3, 4, 5]);
});

Deno.test("braces in comments do not close a loop", () => {
  assertEquals(
    text("for (var i = 0u; i < 1u; i++) { // unroll\nif (a) { // }\nf(i);\n}\n}"),
    "{ const i = 0u; if (a) { // } f(i); } }",
  );
});

Deno.test("a marked line that is no such loop is refused, not left as it is", () => {
  const headers = [
    "for (var i: u32 = 0u; i < 2u; i++) { // unroll",
    "for (var i = 2u; i > 0u; i--) { // unroll",
    "for (var i = 0u; j < 2u; i++) { // unroll",
    "while (a) { // unroll",
  ];
  for (const header of headers) {
    assertEquals(
      failure(`\n${header}\n}`),
      `a.wgsl:2: expected "for (var i = FROM; i < TO; i++) { // unroll", found "${header}"`,
    );
  }
});

Deno.test("every other slip in a marked loop names its line", () => {
  const close = `a.wgsl:1: expected the unrolled loop to end in a line of its own with "}", found none`;
  assertEquals(failure("for (var i = 0u; i < 2u; i++) { // unroll\nf(i);"), close);
  assertEquals(failure("for (var i = 0u; i < 2u; i++) { // unroll\nf(i); }"), close);
  assertEquals(failure("for (var i = 0u; i < 2u; i++) { // unroll\nf(i);\n}}"), close);
  assertEquals(
    failure("for (var i = 0; i < 2u; i++) { // unroll\n}"),
    `a.wgsl:1: expected an unsigned start such as "0u" in an unrolled loop`,
  );
  assertEquals(
    failure("for (var i = 0u; i < 2u; i += D - 3u) { // unroll\n}"),
    "a.wgsl:1: expected a stride of at least 1 in an unrolled loop, found 0",
  );
  assertEquals(
    failure("for (var i = 0u; i < dims.C; i++) { // unroll\n}"),
    `a.wgsl:1: expected a constant integer expression, found "dims" in "dims.C"`,
  );
  assertEquals(
    failure("for (var i = 0u; i < 1000000u; i++) { // unroll\n}"),
    "a.wgsl:1: expected at most 1000000 lines after unrolling, found more",
  );
});

Deno.test("jumps out of an unrolled iteration are refused, jumps of inner loops are not", () => {
  const inside = (body: string) => `for (var i = 0u; i < 2u; i++) { // unroll\n${body}\n}`;
  assertEquals(
    failure(inside("if (a) {\ncontinue;\n}")),
    `a.wgsl:3: expected no "continue" of an unrolled loop, found one`,
  );
  assertEquals(failure(inside("f(); break;")), `a.wgsl:2: expected no "break" of an unrolled loop, found one`);
  assertEquals(
    failure(inside(inside("break;"))),
    `a.wgsl:3: expected no "break" of an unrolled loop, found one`,
  );
  assertEquals(
    failure(inside("while (a) {\nbreak;\n}\nbreak;")),
    `a.wgsl:5: expected no "break" of an unrolled loop, found one`,
  );
  text(inside("for (var k = 0u; k < n; k++) {\nif (a) { continue; }\n}\nloop {\nbreak;\n}"));
  text(inside("// break"));
});
