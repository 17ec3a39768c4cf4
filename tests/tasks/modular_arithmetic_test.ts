/** Modular arithmetic: complete tables, disjoint and nested splits, weights, controls. */
import { assert, assertEquals, assertLess, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import {
  modularArithmetic,
  type ModularArithmeticOptions,
  modularPart,
  modularTable,
} from "../../lib/tasks/modular_arithmetic.ts";
import { differingTensor, sample } from "./sample.ts";

await openGpu();

Deno.test("tables: every pair once, in order, with its result", () => {
  const p = 7;
  const results = {
    add: (a: number, b: number) => (a + b) % p,
    subtract: (a: number, b: number) => ((a - b) % p + p) % p,
    multiply: (a: number, b: number) => a * b % p,
  };
  for (const [operation, of] of Object.entries(results)) {
    const table = modularTable(p, operation as keyof typeof results);
    assertEquals(table.map(([a, b]) => a * p + b), Array.from({ length: p * p }, (_, k) => k));
    assert(table.every(([a, b, result]) => result === of(a, b)), operation);
  }
  const quotients = modularTable(p, "divide");
  assertEquals(quotients.map(([a, b]) => a * (p - 1) + b - 1), Array.from({ length: p * (p - 1) }, (_, k) => k));
  assert(quotients.every(([a, b, q]) => q * b % p === a && q < p));
});

const SEEDS = [3, 1, 41];

async function draw(options: Partial<ModularArithmeticOptions>) {
  const usual = { modulus: 11, seeds: SEEDS, fraction: 0.4, part: "train" } as const;
  const { seeds } = { ...usual, ...options };
  return await sample(modularArithmetic({ ...usual, ...options }), { seeds });
}

/** Pairs of replica r that count, as numbers. */
function pairs({ tokens, weights }: Awaited<ReturnType<typeof draw>>, r: number): number[] {
  const n = weights.shape[1];
  return Array.from({ length: n }, (_, k) => r * n + k).filter((k) => weights.values[k] > 0)
    .map((k) => tokens.values[3 * k] * 11 + tokens.values[3 * k + 1]);
}

Deno.test("parts are disjoint and complete; fractions differ per replica and are filled up with weight 0", async () => {
  const fraction = [0.2, 0.5, 1];
  const [train, test] = [await draw({ fraction }), await draw({ fraction, part: "test" })];
  assertEquals([train.tokens.shape, test.tokens.shape], [[3, 121, 3], [3, 97, 3]]);
  [24, 61, 121].forEach((count, r) => {
    assertEquals([pairs(train, r).length, pairs(test, r).length], [count, 121 - count]);
    const all = [...pairs(train, r), ...pairs(test, r)];
    assertEquals(all.sort((a, b) => a - b), Array.from({ length: 121 }, (_, k) => k));
  });
  for (const { tokens, labels, weights } of [train, test]) {
    labels.values.forEach((label, k) => assertEquals(label, (tokens.values[3 * k] + tokens.values[3 * k + 1]) % 11));
    assert(tokens.values.every((token, n) => n % 3 === 2 ? token === 11 : token < 11));
    assert(weights.values.every((weight) => weight === 0 || weight === 1));
  }
});

Deno.test("a part on the host is the sampler's batch, and names each replica's own pairs in the table", async () => {
  const options = { modulus: 11, seeds: SEEDS, fraction: [0.2, 0.5, 0.4], part: "train", labels: "permuted" } as const;
  const { shape, tokens, labels, weights, pairs: places } = modularPart(options);
  const batch = await draw(options);
  assertEquals([...shape], batch.labels.shape);
  assertEquals([[...tokens], [...labels], [...weights]], [
    [...batch.tokens.values],
    [...batch.labels.values],
    [...batch.weights.values],
  ]);
  assertEquals(places.map((own) => [...own]), SEEDS.map((_, r) => pairs(batch, r)));
});

Deno.test("splits are nested in the fraction, differ between seeds, and are those of a replica alone", async () => {
  const [small, large] = [await draw({ fraction: 0.3 }), await draw({ fraction: 0.6 })];
  for (const r of [0, 1, 2]) {
    const kept = new Set(pairs(large, r));
    assert(pairs(small, r).every((pair) => kept.has(pair)));
    assertEquals(differingTensor(small, await draw({ fraction: 0.3, seeds: [SEEDS[r]] }), r), null);
  }
  assertNotEquals(pairs(small, 0), pairs(small, 1));
});

Deno.test("a split favours no pair: every pair is trained on in its share of seeds", async () => {
  const seeds = Array.from({ length: 400 }, (_, seed) => seed);
  const train = await draw({ seeds, fraction: 0.4 });
  const counts = new Float64Array(121);
  for (const r of seeds) for (const pair of pairs(train, r)) counts[pair]++;
  const share = 48 / 121;
  // The largest of 121 deviations exceeds 4.5 standard errors once in 1 200 times.
  counts.forEach((count) => assertLess(Math.abs(count - 400 * share), 4.5 * Math.sqrt(400 * share * (1 - share))));
});

Deno.test("permuted labels: the table's labels in another order, shared by both parts", async () => {
  const options = { labels: "permuted", fraction: 0.4 } as const;
  const [train, test] = [await draw(options), await draw({ ...options, part: "test" })];
  const true_ = await draw({ fraction: 0.4 });
  assertEquals(train.tokens.values, true_.tokens.values);
  for (const r of [0, 1, 2]) {
    const labels = [train, test].flatMap(({ labels }) => {
      const n = labels.shape[1];
      return [...labels.values.slice(r * n, (r + 1) * n)];
    });
    assertEquals(labels.sort((a, b) => a - b), Array.from({ length: 121 }, (_, k) => Math.floor(k / 11)));
  }
  const same = train.labels.values.filter((label, k) => label === true_.labels.values[k]).length;
  assertLess(same / train.labels.values.length, 0.3);
});

Deno.test("modular arithmetic: what does not fit is refused in one line", () => {
  using seeds = Tensor.from(Uint32Array.of(1, 2));
  using clock = Tensor.from(Uint32Array.of(0, 9, 1));
  const usual = { modulus: 11, seeds: [1, 2], fraction: 0.4, part: "train" } as const;
  const refusals: [Partial<ModularArithmeticOptions>, string][] = [
    [{ modulus: 1 }, "expected a modulus from 2 to 4096, found 1"],
    [{ modulus: 5000 }, "expected a modulus from 2 to 4096, found 5000"],
    [{ modulus: 91, operation: "divide" }, "expected a prime modulus to divide by, found 91 = 7 · 13"],
    [{ fraction: 0 }, "expected a fraction in (0, 1], found 0"],
    [{ fraction: 1.2 }, "expected a fraction in (0, 1], found 1.2"],
    [{ fraction: [0.1, 0.2, 0.3] }, "expected 2 numbers for fraction, found 3"],
    [{ fraction: 1, part: "test" }, "expected a test part of at least one pair, found none of 121"],
    [{ seeds: [1] }, "expected 1 replicas as in its seeds, found 2"],
    [{ seeds: [] }, "expected the number of seeds to be an integer ≥ 1, found 0"],
  ];
  for (const [wrong, message] of refusals) {
    const call = () => modularArithmetic({ ...usual, ...wrong })({ seeds, clock, key: "train" });
    assertEquals(assertThrows(call, RangeError).message, `modular_arithmetic: ${message}`);
  }
});

Deno.test("labels of each replica: those of the two kinds alone", async () => {
  const of = (labels: ModularArithmeticOptions["labels"]) => draw({ fraction: 0.4, labels });
  const [mixed, plain, permuted] = [await of(["true", "permuted", "true"]), await of("true"), await of("permuted")];
  const n = mixed.labels.shape[1];
  [plain, permuted, plain].forEach(({ labels }, r) =>
    assertEquals(mixed.labels.values.slice(r * n, (r + 1) * n), labels.values.slice(r * n, (r + 1) * n))
  );
  await assertRejects(
    () => of(["true", "permuted"]),
    RangeError,
    "modular_arithmetic: expected 3 kinds of labels, found 2",
  );
});
