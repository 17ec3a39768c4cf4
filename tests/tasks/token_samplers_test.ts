/** Token samplers: replicas, steps, controls, and what each promises about its sequences. */
import { assert, assertEquals, assertLess, assertNotEquals, assertRejects, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { Tensor } from "../../lib/gpu/tensor.ts";
import { markovChainReference } from "../../kernels/tasks/markov_chain.ts";
import { promptPlacesReference } from "../../kernels/random/prompt_place.ts";
import { transitionsAtReference } from "../../kernels/tasks/transition_matrix.ts";
import { markovChains } from "../../lib/tasks/markov_chains.ts";
import { repeatedSequences } from "../../lib/tasks/repeated_sequences.ts";
import type { TaskSampler } from "../../lib/tasks/sampler.ts";
import { readText } from "../../lib/io/text.ts";
import { textWindows } from "../../lib/tasks/text_windows.ts";
import { shuffled, type TokenBatch, withTargets } from "../../lib/tasks/token_sequences.ts";
import { triggerBigrams } from "../../lib/tasks/trigger_bigrams.ts";
import { differingTensor, sample } from "./sample.ts";

await openGpu();

const SEEDS = [3, 1, 41];
const bytes = Uint8Array.from({ length: 1003 }, (_, k) => (k * k + 7 * k) % 251);
const SAMPLERS: Record<string, TaskSampler<TokenBatch>> = {
  repeated: repeatedSequences({ vocabulary: 50, length: 21, batch: 7, block: { from: 3, to: 9 } }),
  "markov chains": markovChains({ vocabulary: 5, length: 21, batch: 7 }),
  "markov chains of a list": markovChains({ vocabulary: 5, length: 21, batch: 7, list: { tasks: 3 } }),
  triggers: triggerBigrams({ vocabulary: 50, length: 21, batch: 7, triggers: 3 }),
  "fixed triggers": triggerBigrams({ vocabulary: 50, length: 21, batch: 7, triggers: 3, fixed: true }),
  text: textWindows({ bytes, length: 21, batch: 7, part: "train" }),
  shuffled: shuffled(markovChains({ vocabulary: 5, length: 21, batch: 7 })),
};

for (const [name, sampler] of Object.entries(SAMPLERS)) {
  Deno.test(`${name}: a replica alone has the bits of the ensemble; seeds, steps and keys differ`, async () => {
    const at = { seeds: SEEDS, step: 5 };
    const together = await sample(sampler, at);
    assertEquals(together.tokens.shape, [3, 7, 21]);
    for (const [r, seed] of SEEDS.entries()) {
      assertEquals(differingTensor(together, await sample(sampler, { ...at, seeds: [seed] }), r), null);
    }
    const { tokens } = await sample(sampler, { seeds: [3], step: 5 });
    for (const other of [{ seeds: [4], step: 5 }, { seeds: [3], step: 6 }, { seeds: [3], step: 5, key: "other" }]) {
      const differing = (await sample(sampler, other)).tokens.values.filter((token, n) =>
        token !== tokens.values[n]
      ).length;
      assert(differing > 70, `${differing} of 147 tokens differ for ${JSON.stringify(other)}`);
    }
  });
}

Deno.test("shuffled: each sequence keeps its tokens and loses its order; sequences are permuted independently", async () => {
  const order = repeatedSequences({ vocabulary: 1000, length: 24, batch: 40, block: 8 });
  const [before, after] = [await sample(order, { seeds: [1] }), await sample(shuffled(order), { seeds: [1] })];
  assertEquals(after.block.values, before.block.values);
  const orders = new Set<string>();
  for (let b = 0; b < 40; b++) {
    const [x, y] = [before, after].map(({ tokens }) => [...tokens.values.slice(24 * b, 24 * b + 24)]);
    assertEquals(y.toSorted(), x.toSorted());
    assertNotEquals(y, x);
    orders.add(y.map((token) => x.indexOf(token)).join());
  }
  assertEquals(orders.size, 40);
});

Deno.test("with targets: the token after each input", async () => {
  const { tokens, inputs, targets } = await sample(withTargets(SAMPLERS.repeated), { seeds: SEEDS });
  assertEquals([inputs.shape, targets.shape], [[3, 7, 20], [3, 7, 20]]);
  assertEquals(inputs.values, tokens.values.filter((_, n) => n % 21 < 20));
  assertEquals(targets.values, tokens.values.filter((_, n) => n % 21 > 0));
});

Deno.test("markov chains: matrices and chains as in double precision, per-replica concentrations and lists", async () => {
  const [V, length, batch] = [6, 40, 9];
  const [concentration, tasks] = [[0.3, 1, 8], [Infinity, 2, 1]];
  const sampler = markovChains({ vocabulary: V, length, batch, concentration, list: { tasks, seeds: 77 } });
  const { tokens, transition, choice } = await sample(sampler, { seeds: SEEDS, step: 2, key: "train" });
  const keys = { key: "train transition", listKey: "list transition" };
  for (const [r, seed] of SEEDS.entries()) {
    const list = { seed: 77, tasks: tasks[r] === Infinity ? 0 : tasks[r], sequences: 0 };
    const places = promptPlacesReference({ seed, key: "train choice", step: 2 }, list, batch);
    assertEquals([...choice.values.slice(r * batch, (r + 1) * batch)], places.choice);
    places.task.forEach((place, b) => {
      const exact = transitionsAtReference(place, concentration[r], keys, V);
      const sums = Float32Array.from(exact);
      exact.forEach((value, k) => {
        assertLess(Math.abs(transition.values[(r * batch + b) * V * V + k] - value), 1e-4);
        sums[k] = k % V === 0 ? value : k % V === V - 1 ? 1 : sums[k - 1] + value;
      });
      // A draw within rounding of a boundary could fall on either side of it; none of these does.
      const chain = markovChainReference({ seed, key: "train tokens", step: 2, item: b }, sums, length);
      assertEquals([...tokens.values.slice((r * batch + b) * length, (r * batch + b + 1) * length)], chain);
    });
  }
});

Deno.test("trigger bigrams: triggers differ, each is followed by its successor, fixed ones are shared by a replica", async () => {
  const options = { vocabulary: 20, length: 200, batch: 30, triggers: 4 };
  for (const fixed of [false, true]) {
    const batch = await sample(triggerBigrams({ ...options, fixed }), { seeds: SEEDS });
    const [sets, answers] = [new Set<string>(), new Set<string>()];
    for (let sequence = 0; sequence < 90; sequence++) {
      const triggers = [...batch.triggers.values.slice(4 * sequence, 4 * sequence + 4)];
      const successors = batch.successors.values.slice(4 * sequence, 4 * sequence + 4);
      assertEquals(new Set(triggers).size, 4);
      sets.add(`${Math.floor(sequence / 30)} ${triggers}`);
      answers.add(successors.join());
      for (let t = 0; t < 199; t++) {
        const k = triggers.indexOf(batch.tokens.values[200 * sequence + t]);
        if (k >= 0) assertEquals(batch.tokens.values[200 * sequence + t + 1], successors[k]);
      }
    }
    assertEquals(sets.size, fixed ? 3 : 90);
    assert(answers.size > 85);
  }
});

Deno.test("trigger bigrams: given probabilities are followed after all but triggers", async () => {
  // A ring: after i comes i + 1, always.
  const V = 7;
  const probabilities = Array.from({ length: V * V }, (_, k) => k % V === (Math.floor(k / V) + 1) % V ? 3 : 0);
  const sampler = triggerBigrams({ vocabulary: V, length: 50, batch: 9, triggers: 1, bigrams: { probabilities } });
  const { tokens, triggers, transition } = await sample(sampler, { seeds: [5] });
  assertEquals([...transition.values], probabilities.map((p) => p / 3));
  tokens.values.forEach((token, n) => {
    if (n % 50 < 49 && token !== triggers.values[Math.floor(n / 50)]) {
      assertEquals(tokens.values[n + 1], (token + 1) % V);
    }
  });
});

Deno.test("text windows: both parts, their last byte reached and no byte of the other part", async () => {
  const options = { bytes, length: 5, batch: 4000, split: 0.8 };
  const [train, validation] = [
    await sample(textWindows({ ...options, part: "train" }), { seeds: [1] }),
    await sample(textWindows({ ...options, part: "validation" }), { seeds: [1] }),
  ];
  const limits = (values: Uint32Array) =>
    values.reduce(([low, high], x) => [Math.min(low, x), Math.max(high, x)], [1e9, 0]);
  assertEquals(limits(train.start.values), [0, 802 - 5]);
  assertEquals(limits(validation.start.values), [802, 1003 - 5]);
  validation.tokens.values.forEach((token, n) => {
    assertEquals(token, bytes[validation.start.values[Math.floor(n / 5)] + n % 5]);
  });
});

Deno.test("texts that cannot be read or are too short are refused in one line", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "short");
    assertEquals(await readText(path, 5), new TextEncoder().encode("short"));
    assertEquals(
      (await assertRejects(() => readText(path, 6), Error) as Error).message,
      `text ${path}: expected at least 6 bytes, found 5`,
    );
  } finally {
    await Deno.remove(path);
  }
  assertEquals(
    (await assertRejects(() => readText(path), Error) as Error).message,
    `text ${path}: expected a readable file, found: No such file or directory`,
  );
});

Deno.test("token samplers: what does not fit is refused in one line", () => {
  using seeds = Tensor.from(Uint32Array.of(1, 2));
  using clock = Tensor.from(Uint32Array.of(0, 9, 1));
  const usual = { vocabulary: 5, length: 6, batch: 7 };
  const draw = { seeds, clock, key: "train" };
  const refusals: [() => unknown, string][] = [
    [
      () => repeatedSequences({ ...usual, block: 0 }),
      "repeated_sequences: expected block to be an integer ≥ 1, found 0",
    ],
    [
      () => repeatedSequences({ ...usual, block: { from: 4, to: 3 } }),
      "repeated_sequences: expected blocks from 4 on, found up to 3",
    ],
    [
      () => markovChains({ ...usual, vocabulary: 1.5 }),
      "markov_chains: expected vocabulary to be an integer ≥ 1, found 1.5",
    ],
    [
      () => markovChains({ ...usual, concentration: 0 })(draw),
      "markov_chains: expected positive numbers for concentration, found 0",
    ],
    [
      () => markovChains({ ...usual, concentration: [1] })(draw),
      "markov_chains: expected 2 numbers for concentration, found 1",
    ],
    [() => triggerBigrams({ ...usual, triggers: 6 }), "trigger_bigrams: expected at most 5 triggers, found 6"],
    [
      () => triggerBigrams({ ...usual, triggers: 1, bigrams: { probabilities: [1] } }),
      "trigger_bigrams: expected 25 probabilities, found 1",
    ],
    [
      () => triggerBigrams({ ...usual, triggers: 1, bigrams: { probabilities: Array(25).fill(-1) } }),
      "trigger_bigrams: expected probabilities ≥ 0, found -1",
    ],
    [
      () => triggerBigrams({ ...usual, triggers: 1, bigrams: { probabilities: Array(25).fill(0) } }),
      "trigger_bigrams: expected a positive sum in row 0, found 0",
    ],
    [
      () => textWindows({ bytes, length: 102, batch: 1, part: "validation" }),
      "text_windows: expected at least 102 bytes in the validation part, found 101 of 1003",
    ],
    [
      () => textWindows({ bytes, length: 2, batch: 1, part: "train", split: 1 }),
      "text_windows: expected a split in (0, 1), found 1",
    ],
  ];
  for (const [call, message] of refusals) assertEquals(assertThrows(call, RangeError).message, message);
});
