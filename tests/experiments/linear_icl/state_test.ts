/** Blocks of the parameters and their macroscopic quantities, on matrices whose entries say where they are. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  diagonal,
  imbalance,
  measure,
  modeImbalances,
  norm2,
  offDiagonalRms,
  productsOf,
  rms,
  stateOf,
} from "../../../experiments/linear_icl/state.ts";

/** Two replicas of (2, 4, 4): entry = replica·1000 + matrix·100 + row·10 + column. */
const parameters = Float32Array.from({ length: 2 * 2 * 16 }, (_, index) => {
  const [replica, matrix, row, column] = [index >> 5, (index >> 4) & 1, (index >> 2) & 3, index & 3];
  return 1000 * replica + 100 * matrix + 10 * row + column;
});

Deno.test("stateOf: cuts the blocks that reach the prediction out of each replica", () => {
  const { p1, p2, q1, q2 } = stateOf(parameters, 1, 2);
  assertEquals([...p1], [1020, 1021, 1030, 1031]);
  assertEquals([...p2], [1022, 1023, 1032, 1033]);
  assertEquals([...q1], [1100, 1101, 1110, 1111]);
  assertEquals([...q2], [1120, 1121, 1130, 1131]);
  assertEquals([...stateOf(parameters, 0, 2).p2], [22, 23, 32, 33]);
});

Deno.test("products, imbalances and norms of modes are those of the diagonals", () => {
  const state = {
    p1: Float64Array.of(1, 0, 0, 0),
    p2: Float64Array.of(3, 9, 9, 4),
    q1: Float64Array.of(5, 7, 7, 2),
    q2: Float64Array.of(0, 2, 0, 0),
  };
  assertEquals(diagonal(state.p2), [3, 4]);
  assertEquals(productsOf(state), [15, 8]);
  assertEquals(modeImbalances(state), [-16, 12]);
  assertEquals(norm2(state.q1), 25 + 49 + 49 + 4);
  assertEquals(imbalance(state), 1 + (9 + 81 + 81 + 16) - 127 - 4);
  const quantities = measure(state);
  assertEquals(quantities.map(({ quantity, mode }) => `${quantity} ${mode}`), [
    "product 1",
    "product 2",
    "mode imbalance 1",
    "mode imbalance 2",
    "imbalance 0",
    "rms p1 0",
    "rms q2 0",
    "off-diagonal rms p2 0",
    "off-diagonal rms q1 0",
  ]);
  assertEquals(quantities.map(({ value }) => value).slice(4), [57, 0.5, 1, 9, 7]);
});

Deno.test("offDiagonalRms: leaves the diagonal out, and is 0 for one mode", () => {
  assertAlmostEquals(offDiagonalRms([100, 1, 2, 3, 100, 4, 5, 6, 100]), Math.sqrt(91 / 6), 1e-12);
  assertEquals(offDiagonalRms([7]), 0);
  assertEquals(rms([]), 0);
});
