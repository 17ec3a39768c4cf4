import { assertEquals, assertThrows } from "@std/assert";
import { KernelError } from "../../lib/gpu/errors.ts";
import { assembleWgsl, constantNames, type Constants } from "../../lib/gpu/wgsl.ts";

const text = (code: string, constants?: Constants) =>
  assembleWgsl({ "a.wgsl": code }, constants).map((line) => line.text);
const failure = (code: string, constants?: Constants) =>
  assertThrows(() => assembleWgsl({ "a.wgsl": code }, constants), KernelError).message;

Deno.test("files are joined in order, and every line keeps its file and number", () => {
  assertEquals(assembleWgsl({ "a.wgsl": "fn f() {\n}", "b.wgsl": "fn g() {}" }), [
    { text: "fn f() {", file: "a.wgsl", line: 1 },
    { text: "}", file: "a.wgsl", line: 2 },
    { text: "fn g() {}", file: "b.wgsl", line: 1 },
  ]);
});

Deno.test("constants keep their defaults, or take a value in the notation of their type", () => {
  const code = "const A: u32 = 8u; // axis\nconst B: i32 = 3;\nconst C: f32 = 0.5;\n  const INNER: u32 = 1u;";
  assertEquals(text(code), code.split("\n"));
  assertEquals(text(code, { A: 4, B: -2, C: 2 }), [
    "const A: u32 = 4u; // axis",
    "const B: i32 = -2;",
    "const C: f32 = 2.0;",
    "  const INNER: u32 = 1u;",
  ]);
  assertEquals(text("const C: f32 = 0.5;", { C: 1e-7 }), ["const C: f32 = 1e-7;"]);
  assertEquals(text("const C: f32 = 0.5;", { C: 1e21 }), ["const C: f32 = 1e+21;"]);
  assertEquals(text("const A: u32 = 8u;", { A: 4294967295 }), ["const A: u32 = 4294967295u;"]);
  assertEquals(constantNames(code), ["A", "B", "C"]);
});

Deno.test("a value that does not fit the constant's type is refused", () => {
  const cases: [string, string, number][] = [
    ["u32", "8u", -1],
    ["u32", "8u", 1.5],
    ["u32", "8u", 2 ** 32],
    ["i32", "3", 2 ** 31],
    ["i32", "3", NaN],
    ["f32", "0.5", Infinity],
    ["f32", "0.5", NaN],
    ["f32", "0.5", 3.5e38],
  ];
  for (const [type, usual, value] of cases) {
    assertEquals(
      failure(`const A: ${type} = ${usual};`, { A: value }),
      `constant A: expected a value of type ${type}, found ${value}`,
    );
  }
});

Deno.test("an undeclared constant is refused with the files searched", () => {
  assertEquals(
    assertThrows(() => assembleWgsl({ "a.wgsl": "", "b.wgsl": "  const D: u32 = 1u;" }, { D: 2 }), KernelError).message,
    `a.wgsl, b.wgsl: expected a module-scope "const D: u32 = …;" to set, found none`,
  );
});

Deno.test("computed constants follow the ones they are made of, and cannot contradict them", () => {
  const code = "const D: u32 = 4u;\nconst DD: u32 = D * D;\nfor (var i = 0u; i < DD; i++) { // unroll\nf(i);\n}";
  const calls = (constants?: Constants) => text(code, constants).filter((line) => line === "f(i);").length;
  assertEquals(calls(), 16);
  assertEquals(calls({ D: 2 }), 4);
  assertEquals(calls({ D: 2, DD: 4 }), 4);
  assertEquals(failure(code, { D: 2, DD: 5 }), "a.wgsl:2: expected DD = D * D = 4, found 5");
  assertEquals(
    failure("const D: u32 = pick();"),
    `a.wgsl:1: expected a constant integer expression, found "pick" in "pick()"`,
  );
  assertEquals(text("const D: u32 = 2u * 0x4u;", { D: 3 }), ["const D: u32 = 3u;"]);
});

Deno.test("loops of a text that would be too long are kept, and what was constant in them is not", () => {
  const code = "const D: u32 = 3u;\nfor (var i = 0u; i < D; i++) { // unroll\n  const j = 2u * i;\n}";
  const lines = (longest: number) => assembleWgsl({ "a.wgsl": code }, {}, longest).map(({ text }) => text);
  assertEquals(lines(3), [
    "const D: u32 = 3u;",
    "for (var i = 0u; i < D; i++) { // unroll",
    "  let j = 2u * i;",
    "}",
  ]);
  assertEquals(lines(20).length, 10);
});
