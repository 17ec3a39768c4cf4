import { assertEquals } from "@std/assert";
import {
  earlyAndLate,
  headCurve,
  lossesOf,
  restoreSeries,
  saveSeries,
  scoreCurve,
} from "../../../experiments/icl_emergence/series.ts";
import { restoredFrom, synthetic } from "./synthetic.ts";

Deno.test("a series comes back from a checkpoint as it was", () => {
  const series = [synthetic("depth-1", 1, {}), synthetic("depth-2", 2, {})];
  assertEquals(restoreSeries(restoredFrom(saveSeries(series))), series);
  assertEquals(restoreSeries(null), []);
});

Deno.test("curves are those of the replica and head that are asked for", () => {
  const series = {
    ...synthetic("depth-1", 1, {}),
    replicas: 2,
    heads: 2,
    steps: [0, 10],
    losses: Float32Array.of(1, 2, 3, 4),
    whole: { "early loss": Float32Array.of(4, 4, 4, 4), "late loss": Float32Array.of(4, 3, 2, 1) },
    perHead: { q: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
  };
  assertEquals(headCurve(series, "q", 1, 0).y, [3, 7]);
  assertEquals(scoreCurve(series, 1).y, [-1, -3]);
  assertEquals(lossesOf(series, 1), [2, 4]);
});

Deno.test("early and late are the first and the last quarter of positions", () => {
  assertEquals(earlyAndLate([1, 3, 0, 0, 0, 0, 5, 7, 2, 2, 9, 9, 9, 9, 4, 4], 8), [
    { early: 2, late: 6 },
    { early: 2, late: 4 },
  ]);
});
