/** Progress measures of logits and neurons that are known in closed form. */
import { assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import { cyclicGroup, fourierPowers, keyFrequencies } from "../../lib/metrics/fourier.ts";
import {
  embeddingPowers,
  excludedLoss,
  groupTable,
  neuronFrequencies,
  restrictedLoss,
  resultComponents,
} from "../../lib/metrics/modular_progress.ts";

const p = 11;
const TURN = 2 * Math.PI / p;

/** Logits `Σ_k size_k cos(2π k (r − r(c)) / m)` of an operation's results r. */
function waves(operation: "add" | "multiply", sizes: Readonly<Record<number, number>>) {
  const group = cyclicGroup(p, operation);
  const table = groupTable(p, operation);
  const logits = new Float32Array(table.results.length * p);
  table.results.forEach((s, pair) => {
    for (let c = 0; c < p; c++) {
      const e = group.element[c];
      if (s < 0 || e < 0) continue;
      for (const [k, size] of Object.entries(sizes)) {
        logits[pair * p + c] += size * Math.cos(2 * Math.PI * Number(k) * (s - e) / group.order);
      }
    }
  });
  return { table, logits };
}

const all = (table: { readonly results: readonly number[] }) => table.results.flatMap((s, pair) => s < 0 ? [] : [pair]);

Deno.test("logits of two waves: their shares, key frequencies, restricted and excluded losses", () => {
  const { table, logits } = waves("add", { 2: 3, 5: 1 });
  const found = resultComponents(logits, table);
  found.shares.forEach((share, index) => assertAlmostEquals(share, index === 1 ? 0.9 : index === 4 ? 0.1 : 0, 1e-6));
  assertEquals(keyFrequencies(fourierPowers(found.parts), 0.05), [2, 5]);
  const lossOf = (sizes: readonly (readonly [number, number])[]) => {
    const row = Array.from({ length: p }, (_, c) => sizes.reduce((sum, [k, x]) => sum + x * Math.cos(TURN * k * c), 0));
    return Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)) - row[0];
  };
  assertAlmostEquals(restrictedLoss(found, [2, 5], table), lossOf([[2, 3], [5, 1]]), 1e-5);
  assertAlmostEquals(restrictedLoss(found, [2], table), lossOf([[2, 3]]), 1e-5);
  assertAlmostEquals(excludedLoss(logits, found, [2], table, all(table)), lossOf([[5, 1]]), 1e-5);
  assertAlmostEquals(excludedLoss(logits, found, [2, 5], table, [0, 7]), Math.log(p), 1e-5);
});

Deno.test("logits that know the pair but not the result: frequencies have a small share, the excluded loss stays", () => {
  const { table } = waves("add", {});
  const logits = new Float32Array(table.results.length * p);
  const isKnown = (pair: number) => (table.sides[pair][0] + 2 * table.sides[pair][1]) % 5 === 0;
  table.answers.forEach((answer, pair) => logits[pair * p + answer] = isKnown(pair) ? 20 : 0);
  const found = resultComponents(logits, table);
  const known = all(table).filter(isKnown);
  assertGreater(0.3, found.shares.reduce((sum, share) => sum + share, 0));
  assertGreater(0.1, excludedLoss(logits, found, [1, 2], table, known));
  assertGreater(restrictedLoss(found, [1, 2], table), 1);
  const unseen = resultComponents(logits, table, (pair) => !isKnown(pair));
  assertAlmostEquals(restrictedLoss(unseen, [1, 2], table), Math.log(p), 1e-6);
});

Deno.test("multiplication: waves in the logarithm of the product; pairs with 0 are left out", () => {
  const { table, logits } = waves("multiply", { 3: 2 });
  const found = resultComponents(logits, table);
  assertAlmostEquals(found.shares[2], 1, 1e-6);
  assertEquals(keyFrequencies(fourierPowers(found.parts), 0.05), [3]);
});

Deno.test("neurons: one of a frequency, one of another with a product, one of noise, and a dead one", () => {
  const { table } = waves("add", {});
  const neurons = Float32Array.from(table.sides.flatMap(([a, b], pair) => [
    Math.cos(TURN * 3 * a) + Math.cos(TURN * 3 * b + 1),
    Math.cos(TURN * 4 * a) * Math.sin(TURN * 4 * b) + 0.5 * Math.sin(TURN * 4 * a),
    (pair * 7919 % 31) / 31,
    2,
  ]));
  const found = neuronFrequencies(neurons, table, 4);
  assertEquals(found.length, 3);
  assertEquals(found.slice(0, 2).map(({ frequency }) => frequency), [3, 4]);
  found.slice(0, 2).forEach(({ explained }) => assertAlmostEquals(explained, 1, 1e-6));
  assertGreater(0.5, found[2].explained);
});

Deno.test("an embedding on the circle of one frequency has its power there", () => {
  const { table } = waves("add", {});
  const rows = Array.from({ length: p }, (_, n) => [Math.cos(TURN * 4 * n), Math.sin(TURN * 4 * n), 1]).flat();
  embeddingPowers(rows, table).forEach((power, index) => assertAlmostEquals(power, index === 3 ? p : 0, 1e-9));
});
