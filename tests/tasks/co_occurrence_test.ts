/** The data set of co-occurrence: counts of kinds, words, and the law of the noise. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { coOccurrence, coOccurrenceKinds } from "../../lib/tasks/co_occurrence.ts";

Deno.test("kinds as counted; words once or not at all; noise uniform over the rest of the vocabulary", () => {
  const { tokens, labels, kinds } = coOccurrence({
    counts: [3000, 1000, 1000, 1000],
    length: 5,
    vocabulary: 9,
    seed: 4,
  });
  assertEquals([0, 1, 2, 3].map((kind) => kinds.filter((one) => one === kind).length), [3000, 1000, 1000, 1000]);
  const noise = new Float64Array(9);
  tokens.forEach((sample, s) => {
    assertEquals(sample.length, 5);
    const count = (token: number) => sample.filter((one) => one === token).length;
    assertEquals(
      [count(0), count(1), count(2)],
      [
        [1, 1, 1],
        [1, 0, 1],
        [0, 1, 1],
        [0, 0, 1],
      ][kinds[s]],
    );
    assertEquals(labels[s], kinds[s] === 0 ? 1 : -1);
    sample.forEach((token) => noise[token]++);
  });
  const total = 3000 * 2 + 2000 * 3 + 1000 * 4;
  for (let token = 3; token < 9; token++) {
    assert(Math.abs(noise[token] / total - 1 / 6) < 5 * Math.sqrt(5 / 36 / total), `token ${token}: ${noise[token]}`);
  }
});

Deno.test("three words: every set of words as counted, positive with all three alone, noise from the rest", () => {
  const counts = [4, 3, 2, 1, 1, 1, 1, 5];
  const { tokens, labels, kinds } = coOccurrence({ words: 3, counts, length: 6, vocabulary: 9, seed: 2 });
  assertEquals(counts.map((_, kind) => kinds.filter((one) => one === kind).length), counts);
  const sets = coOccurrenceKinds(3);
  assertEquals(sets, [[0, 1, 2], [0, 1], [0, 2], [1, 2], [0], [1], [2], []]);
  tokens.forEach((sample, s) => {
    const present = [0, 1, 2].filter((word) => sample.includes(word));
    assertEquals([present, labels[s]], [sets[kinds[s]], present.length === 3 ? 1 : -1]);
    assertEquals(sample.filter((token) => token <= 3).length, present.length + 1);
    assertEquals([sample.length, Math.max(...sample) < 9], [6, true]);
  });
});

Deno.test("another key draws other noise for the same kinds", () => {
  const options = { counts: [5, 5, 5, 5], length: 5, vocabulary: 64, seed: 1 };
  const [one, other] = [coOccurrence(options), coOccurrence({ ...options, key: "unseen" })];
  assertEquals(one.kinds, other.kinds);
  assert(JSON.stringify(one.tokens) !== JSON.stringify(other.tokens));
});

Deno.test("seeds differ, and what cannot be is refused", () => {
  const of = (seed: number) => coOccurrence({ counts: [5, 1, 1, 1], length: 5, vocabulary: 64, seed }).tokens;
  assertEquals(of(1), of(1));
  assert(JSON.stringify(of(1)) !== JSON.stringify(of(2)));
  const options = { counts: [1, 0, 0, 0], length: 3, vocabulary: 4, seed: 1 } as const;
  for (
    const [wrong, message] of [
      [{ length: 2 }, "coOccurrence: expected samples of at least 3 tokens, found 2"],
      [{ vocabulary: 3 }, "coOccurrence: expected a vocabulary of at least 4 tokens, found 3"],
      [{ words: 3 }, "coOccurrence: expected counts of 8 kinds, found 4"],
      [{ words: 0 }, "coOccurrence: expected 1 to 8 words, found 0"],
      [{ counts: [0, 0, 0, 0] }, "coOccurrence: expected at least one sample, found 0"],
    ] as const
  ) assertThrows(() => coOccurrence({ ...options, ...wrong }), RangeError, message);
});
