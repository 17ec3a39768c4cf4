import { assertEquals, assertLess } from "@std/assert";
import { compile, integer, numberAt, pairAt, storeNumber, whileLess } from "../../../lib/linalg/host/assembler.ts";
import { symmetricEigen } from "../../../lib/linalg/host/eigen.ts";
import { Workspace } from "../../../lib/linalg/host/workspace.ts";
import { eighReference } from "../../../lib/linalg/reference.ts";
import { gaussian, largestDifference, symmetrised } from "../matrices.ts";

Deno.test("assembler: a loop over pairs, constants of several bytes, and offsets", () => {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const { total } = compile({
    total: {
      parameters: ["i32", "i32"],
      build(f, from, bytes) {
        const at = f.variable("i32");
        const sum = f.variable("v128");
        return [
          whileLess(at, bytes, [sum.set(sum.plus(pairAt(from.plus(at)))), at.set(at.plus(16))]),
          storeNumber(integer(40_000), numberAt(from, 8).plus(sum.halves()), 800),
        ];
      },
    },
  }, memory);
  const numbers = new Float64Array(memory.buffer);
  numbers.set([1, 2, 3, 4], 10);
  total(80, 32);
  assertEquals(numbers[5100], 12);
});

Deno.test("eigenvalues on the CPU, with products fused and not: the same up to rounding, against float64", () => {
  for (const n of [1, 2, 3, 6, 37]) {
    const a = symmetrised(gaussian(n * n, n), n);
    const expected = eighReference(a, n).values;
    for (const fused of [true, false]) {
      const space = new Workspace(fused);
      const stored = space.zeros(n, n);
      a.forEach((value, index) => {
        space.numbers[stored.at / 8 + Math.floor(index / n) * stored.ld / 8 + index % n] = value;
      });
      const full = Float64Array.from({ length: n * n }, (_, index) => a[index]);
      const { values, vectors } = symmetricEigen(space, stored, true);
      assertLess(largestDifference(values.slice().sort(), expected), 1e-12 * n);
      const z = (k: number, i: number) => space.numbers[vectors!.at / 8 + k * vectors!.ld / 8 + i];
      for (let k = 0; k < n; k++) {
        for (let i = 0; i < n; i++) {
          let rest = -values[k] * z(k, i);
          for (let j = 0; j < n; j++) rest += full[i * n + j] * z(k, j);
          assertLess(Math.abs(rest), 1e-12 * n);
        }
      }
    }
  }
});
