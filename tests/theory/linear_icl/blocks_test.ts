/** Blocks of the parameters and their macroscopic quantities, on matrices whose entries say where they are. */
import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  blockImbalances,
  blockMeasures,
  blockProducts,
  fullImbalance,
  mirrorShares,
  offDiagonalRms,
  replicaBlocks,
  rootMeanSquare,
  squaredNorm,
} from "../../../lib/theory/linear_icl/blocks.ts";

/** Two replicas of (2, 4, 4): entry = replica·1000 + matrix·100 + row·10 + column. */
const parameters = Float32Array.from({ length: 2 * 2 * 16 }, (_, index) => {
  const [replica, matrix, row, column] = [index >> 5, (index >> 4) & 1, (index >> 2) & 3, index & 3];
  return 1000 * replica + 100 * matrix + 10 * row + column;
});

Deno.test("replicaBlocks: cuts the blocks that reach the prediction out of each replica", () => {
  const { p1, p2, q1, q2 } = replicaBlocks(parameters, 1, 2);
  assertEquals([...p1], [1020, 1021, 1030, 1031]);
  assertEquals([...p2], [1022, 1023, 1032, 1033]);
  assertEquals([...q1], [1100, 1101, 1110, 1111]);
  assertEquals([...q2], [1120, 1121, 1130, 1131]);
  assertEquals([...replicaBlocks(parameters, 0, 2).p2], [22, 23, 32, 33]);
});

Deno.test("products, imbalances and norms of modes are those of the diagonals", () => {
  const [p1, p2] = [Float64Array.of(1, 0, 0, 0), Float64Array.of(3, 9, 9, 4)];
  const [q1, q2] = [Float64Array.of(5, 7, 7, 2), Float64Array.of(0, 2, 0, 0)];
  assertEquals(blockProducts({ p: p2, q: q1 }), [15, 8]);
  assertEquals(blockImbalances({ p: p2, q: q1 }), [-16, 12]);
  assertEquals(squaredNorm(q1), 25 + 49 + 49 + 4);
  assertEquals(fullImbalance({ p1, p2, q1, q2 }), 1 + (9 + 81 + 81 + 16) - 127 - 4);
  assertEquals([p1, q2].map(rootMeanSquare), [0.5, 1]);
});

Deno.test("offDiagonalRms: leaves the diagonal out, and is 0 for one mode", () => {
  assertAlmostEquals(offDiagonalRms([100, 1, 2, 3, 100, 4, 5, 6, 100]), Math.sqrt(91 / 6), 1e-12);
  assertEquals([offDiagonalRms([7]), rootMeanSquare([])], [0, 0]);
});

Deno.test("blockMeasures: every quantity of every replica, from the same blocks", () => {
  const measured = blockMeasures(parameters, 2);
  const { p1, p2, q1, q2 } = replicaBlocks(parameters, 1, 2);
  assertEquals(measured["product"][1], blockProducts({ p: p2, q: q1 }));
  assertEquals(measured["mode imbalance"][1], blockImbalances({ p: p2, q: q1 }));
  assertEquals(measured["imbalance"], [0, 1].map((replica) => fullImbalance(replicaBlocks(parameters, replica, 2))));
  assertEquals(measured["squared norm"][1], [p1, p2, q1, q2].map(squaredNorm).reduce((sum, norm) => sum + norm));
  assertEquals([measured["rms p1"][1], measured["rms q2"][1]], [p1, q2].map(rootMeanSquare));
  assertAlmostEquals(Number(measured["rms p1 and q2"][1]), rootMeanSquare([...p1, ...q2]), 1e-9);
  assertEquals(measured["sum of mean entries of p1 and q2"][1], 1025.5 + 1125.5);
  assertEquals(measured["off-diagonal rms q1"][0], offDiagonalRms(replicaBlocks(parameters, 0, 2).q1));
});

Deno.test("mirrorShares: p1 q2 over both products, null where a mode has learned too little", () => {
  // p1 = 1, q2 = 3, p2 = q1 = 1, D = 1.
  const one = Float32Array.of(0, 0, 1, 1, 1, 0, 3, 0);
  assertEquals(mirrorShares(one, [0.1]), [[0.75]]);
  assertEquals(mirrorShares(one, [4.1]), [[null]]);
});
