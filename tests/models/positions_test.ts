import { assertAlmostEquals, assertEquals } from "@std/assert";
import { sinusoidalPositions } from "../../lib/models/positions.ts";

Deno.test("positions: sines at even, cosines at odd columns, with wavelengths from 2π to 2π · 10⁴", () => {
  const [T, C] = [50, 6];
  const table = sinusoidalPositions(T, C);
  assertEquals(table.length, T * C);
  assertEquals([...table.slice(0, C)], [0, 1, 0, 1, 0, 1]);
  for (let t = 0; t < T; t++) {
    for (let k = 0; k < C / 2; k++) {
      const [sine, cosine] = table.slice(t * C + 2 * k, t * C + 2 * k + 2);
      // 10000^(2k/C) for C = 6: 1, 10000^(1/3), 10000^(2/3).
      const angle = t / [1, 21.544346900318843, 464.15888336127773][k];
      assertAlmostEquals(sine, Math.sin(angle), 1e-7);
      assertAlmostEquals(cosine, Math.cos(angle), 1e-7);
    }
  }
});

Deno.test("positions: an odd width ends with a sine, and a longer table begins with the shorter one", () => {
  assertEquals([...sinusoidalPositions(1, 3)], [0, 1, 0]);
  assertEquals(sinusoidalPositions(9, 5).slice(0, 20), sinusoidalPositions(4, 5));
});
