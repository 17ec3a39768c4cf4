import { assert, assertEquals, assertThrows } from "@std/assert";
import { openGpu } from "../../lib/gpu/device.ts";
import { type NextTokenTask, textPrediction } from "../../lib/tasks/text_prediction.ts";
import { sample } from "./sample.ts";

await openGpu();

const [R, T] = [2, 16];
const word = "zebra ";
const bytes = new TextEncoder().encode(word.repeat(200));
const ordered = textPrediction(bytes, { length: T + 1 });

/** Windows (R B, T + 1) that a task draws. */
async function windowsOf(task: NextTokenTask, step = 0): Promise<number[][]> {
  const { tokens: { values } } = await sample(task, { seeds: [1, 2], step });
  return Array.from(
    { length: values.length / (T + 1) },
    (_, row) => [...values.slice(row * (T + 1), (row + 1) * (T + 1))],
  );
}

/** The bytes of "zebra " in their order are " aberz". */
const numbers = [...word].map((letter) => " aberz".indexOf(letter));
const follows = (row: readonly number[]) =>
  row.every((token, t) => t === 0 || token === numbers[(numbers.indexOf(row[t - 1]) + 1) % 6]);

Deno.test("a text's tokens are its different bytes; windows to train on are new at every step", async () => {
  assertEquals([ordered.vocabulary, ordered.text.length], [6, 1080]);
  const first = await windowsOf(ordered.train(3));
  assertEquals(await windowsOf(ordered.train(3)), first);
  assert((await windowsOf(ordered.train(3), 1)).join() !== first.join());
  assertEquals(first.length, R * 3);
  assert(first.every(follows));
});

Deno.test("held-out windows are those of the last tenth, a quarter apart, for every seed: late bytes come early later on", async () => {
  const all = await windowsOf(ordered.held(1000));
  assertEquals(all.length, R * (Math.floor((120 - 17) / 4) + 1));
  assertEquals(all.slice(0, all.length / R), all.slice(all.length / R));
  for (let row = 0; row + 3 < all.length / R; row++) {
    // Targets of the last quarter, and those of the first one of the third window after it.
    assertEquals(all[row].slice(1 + 12), all[row + 3].slice(1, 1 + 4));
  }
  assertEquals((await windowsOf(ordered.held(2))).length, R * 2);
});

Deno.test("scattered bytes come from all over the text, in no order", async () => {
  const { train, held, vocabulary } = textPrediction(bytes, { length: T + 1, scattered: true });
  assertEquals(vocabulary, 6);
  for (const rows of [await windowsOf(train(4)), await windowsOf(held(4))]) {
    assertEquals(rows.length, R * 4);
    assert(!rows.some(follows));
  }
});

Deno.test("a text whose held-out part is shorter than a window is refused", () => {
  const expected = "text_prediction: expected at least 17 held-out bytes, found 10";
  assertThrows(() => textPrediction(bytes.subarray(0, 100), { length: T + 1 }), RangeError, expected);
});
