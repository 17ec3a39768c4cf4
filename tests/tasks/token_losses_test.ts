import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { markovChains } from "../../lib/tasks/markov_chains.ts";
import {
  bestInContextLosses,
  fittedLosses,
  inContextLosses,
  informedLosses,
  repeatedLosses,
} from "../../lib/tasks/token_losses.ts";
import { sample } from "./sample.ts";

await openGpu();

const mean = (values: Float64Array) => values.reduce((a, b) => a + b) / values.length;

Deno.test("in-context losses: counted by hand", () => {
  const rows = { tokens: [0, 0, 2, 0, 2, 1, 1, 1, 1, 1], length: 5, vocabulary: 3 };
  // Order 0: tokens seen are 0, 0, 2, 0 and 1, 1, 1, 1, each counted once more than seen.
  const unigram = [[4 / 2, 4 / 2], [5 / 1, 5 / 3], [6 / 3, 6 / 4], [7 / 2, 7 / 5]];
  inContextLosses(rows, 0).forEach((loss, t) => {
    assertAlmostEquals(loss, (Math.log(unigram[t][0]) + Math.log(unigram[t][1])) / 2, 1e-12);
  });
  // Order 1: what came after 0, 0, 2, 0 before, and after 1.
  const bigram = [[3, 3], [4 / 1, 4 / 2], [3, 5 / 3], [5 / 2, 6 / 4]];
  inContextLosses(rows, 1).forEach((loss, t) => {
    assertAlmostEquals(loss, (Math.log(bigram[t][0]) + Math.log(bigram[t][1])) / 2, 1e-12);
  });
});

Deno.test("in-context losses with the best concentration: no other power of two loses less", () => {
  const rows = { tokens: [0, 0, 2, 0, 2, 1, 1, 1, 1, 1], length: 5, vocabulary: 3 };
  const best = mean(bestInContextLosses(rows, 0));
  const losses = Array.from({ length: 11 }, (_, index) => mean(inContextLosses(rows, 0, 2 ** (index - 5))));
  assertEquals(best, Math.min(...losses));
  assertLess(best, Math.min(losses[0], losses[10]));
});

Deno.test("fitted losses: counts of the text, not of the sequence", () => {
  const text = [0, 1, 0, 1, 0, 2];
  const rows = { tokens: [0, 1, 1], length: 3, vocabulary: 3 };
  assertEquals([...fittedLosses(text, rows, 0)], [Math.log(9 / 3), Math.log(9 / 3)]);
  // After 0 came 1, 1, 2; after 1 came 0, 0.
  assertEquals([...fittedLosses(text, rows, 1)], [Math.log(6 / 3), Math.log(5 / 1)]);
  assertAlmostEquals(fittedLosses(text, rows, 1, 0.5)[0], Math.log(4.5 / 2.5), 1e-12);
});

Deno.test("repeated losses: ln V until the block is complete", () => {
  assertEquals([...repeatedLosses(6, 8, 3)], [Math.log(8), Math.log(8), 0, 0, 0]);
});

Deno.test("in-context losses of Markov chains: least at the true concentration, between ln V and the floor", async () => {
  const [V, length, batch, concentration] = [4, 65, 1500, 0.5];
  const { tokens, transition } = await sample(markovChains({ vocabulary: V, length, batch, concentration }), {
    seeds: [3],
  });
  const rows = { tokens: tokens.values, length, vocabulary: V };
  const exact = inContextLosses(rows, 1, concentration);
  for (const other of [0.1, 2]) assertLess(mean(exact), mean(inContextLosses(rows, 1, other)), `α = ${other}`);
  assertLess(mean(exact), mean(inContextLosses(rows, 0, concentration)));
  const floor = informedLosses(rows, transition.values);
  assertLess(mean(floor), mean(exact));
  // The first position has seen no pair: p = 1/V for every token.
  assertAlmostEquals(exact[0], Math.log(V), 1e-12);
  assertLess(exact[length - 2] - floor[length - 2], 0.2);
});

Deno.test("informed losses: the entropy of a Dirichlet row, ψ(V α + 1) − ψ(α + 1)", async () => {
  const [V, length, batch, concentration] = [4, 2, 20_000, 0.5];
  const { tokens, transition } = await sample(markovChains({ vocabulary: V, length, batch, concentration }), {
    seeds: [3],
  });
  const [loss] = informedLosses({ tokens: tokens.values, length, vocabulary: V }, transition.values);
  // ψ(3) − ψ(3/2); one loss has a standard deviation below 1.
  assertLess(Math.abs(loss - (0.9227843350984671 - 0.03648997397857652)), 4.5 / Math.sqrt(batch));
});

Deno.test("losses: rows, tokens and concentrations that do not fit are refused", () => {
  const refusals: [() => unknown, string][] = [
    [
      () => inContextLosses({ tokens: [0, 1, 0], length: 2, vocabulary: 2 }, 1),
      "expected rows of 2 ≥ 2 tokens, found 3 tokens",
    ],
    [
      () => inContextLosses({ tokens: [0], length: 1, vocabulary: 2 }, 1),
      "expected rows of 1 ≥ 2 tokens, found 1 tokens",
    ],
    [() => inContextLosses({ tokens: [0, 2], length: 2, vocabulary: 2 }, 1), "expected tokens below 2, found 2"],
    [
      () => inContextLosses({ tokens: [0, 1], length: 2, vocabulary: 2 }, 1, 0),
      "expected a positive concentration, found 0",
    ],
    [() => fittedLosses([0, 5], { tokens: [0, 1], length: 2, vocabulary: 2 }, 1), "expected tokens below 2, found 5"],
    [() => informedLosses({ tokens: [0, 1], length: 2, vocabulary: 2 }, [1]), "expected 4 probabilities, found 1"],
  ];
  for (const [call, message] of refusals) {
    assertEquals(assertThrows(call, RangeError).message, `token_losses: ${message}`);
  }
});
