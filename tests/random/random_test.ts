import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { chiSquares, drawKey, normals, threefry, uniforms } from "../../lib/random/random.ts";
import { chiSquareCdf, kolmogorovSmirnov, normalCdf } from "../oracles/distributions.ts";
import { KNOWN_ANSWERS } from "../oracles/threefry.ts";

Deno.test("threefry meets Random123's known answers", () => {
  for (const [counter, key, expected] of KNOWN_ANSWERS) assertEquals(threefry(counter, key), expected);
});

Deno.test("draw keys are FNV-1a of the name, and two names never share one", () => {
  assertEquals([drawKey(""), drawKey("a"), drawKey("foobar")], [0x811c9dc5, 0xe40c292c, 0xbf9cf968]);
  assertEquals(drawKey("foobar"), drawKey("foobar"));
  drawKey("costarring");
  assertEquals(
    assertThrows(() => drawKey("liquid"), Error).message,
    `draw "liquid": expected a key of its own, found that of "costarring": rename one`,
  );
});

Deno.test("a draw is a function of all of seed, key, step, item and index", () => {
  const draw = { seed: 1, key: "draw", step: 2, item: 3 };
  const variants = [
    draw,
    { ...draw, seed: 2 },
    { ...draw, key: "other" },
    { ...draw, step: 3 },
    { ...draw, item: 2 },
    { ...draw, step: 3, item: 2 },
  ];
  assertEquals(new Set(variants.flatMap((variant) => [...uniforms(variant, 40)])).size, variants.length * 40);
  assertEquals(uniforms(draw, 9), uniforms({ ...draw }, 9));
  assertEquals(uniforms({ seed: 1, key: "draw" }, 3), uniforms({ seed: 1, key: "draw", step: 0, item: 0 }, 3));
  assertEquals(uniforms(draw, 7), uniforms(draw, 100).slice(0, 7));
  assertEquals(normals(draw, 7), normals(draw, 100).slice(0, 7));
  assertEquals(normals(draw, 0), new Float64Array());
});

Deno.test("seed, step and item are unsigned 32-bit integers", () => {
  for (const seed of [-1, 0.5, 2 ** 32, NaN]) {
    assertEquals(
      assertThrows(() => uniforms({ seed, key: "draw" }, 1), RangeError).message,
      `draw "draw": expected seed to be an unsigned 32-bit integer, found ${seed}`,
    );
  }
  assertThrows(() => normals({ seed: 0, key: "draw", step: -1 }, 1), RangeError, "expected step");
  assertThrows(() => chiSquares({ seed: 0, key: "draw", item: 1.5 }, [1]), RangeError, "expected item");
  uniforms({ seed: 2 ** 32 - 1, key: "draw", step: 2 ** 32 - 1, item: 2 ** 32 - 1 }, 1);
});

Deno.test("host draws follow their laws (Kolmogorov–Smirnov at 1e-4)", () => {
  const n = 20_000;
  const draw = (key: string) => ({ seed: 11, key });
  const u = uniforms(draw("u"), n);
  assert(u.every((value) => value > 0 && value < 1));
  assert(kolmogorovSmirnov(u, (x) => x) < 2.23);
  assert(kolmogorovSmirnov(normals(draw("z"), n), normalCdf) < 2.23);
  for (const dof of [0.3, 1, 2, 7.5]) {
    const score = kolmogorovSmirnov(chiSquares(draw("chi"), Array(n).fill(dof)), (x) => chiSquareCdf(dof, x));
    assert(score < 2.23, `dof ${dof}: ${score}`);
  }
});

Deno.test("chi-squares of 0 or fewer degrees of freedom are 0 and leave their neighbours alone", () => {
  const draw = { seed: 3, key: "chi" };
  const [first, second, third] = chiSquares(draw, [5, 0, 2]);
  assertEquals([second, chiSquares(draw, [5, -1, 2])[1]], [0, 0]);
  assertEquals([first, third], [chiSquares(draw, [5])[0], chiSquares(draw, [1, 1, 2])[2]]);
  assertAlmostEquals(chiSquares(draw, [1e12])[0] / 1e12, 1, 1e-5);
});
