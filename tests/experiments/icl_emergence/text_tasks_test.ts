import { assert, assertEquals } from "@std/assert";
import { type NextTokenTask, textTasks } from "../../../experiments/icl_emergence/text_tasks.ts";
import { openGpu } from "../../../lib/gpu/device.ts";
import { Tensor } from "../../../lib/gpu/tensor.ts";

await openGpu();

const [R, T] = [2, 16];
const word = "zebra ";

/** Windows (R, B, T + 1) that a task draws at a step. */
async function windowsOf(task: NextTokenTask, step: number): Promise<number[][]> {
  using seeds = Tensor.from(Uint32Array.of(1, 2));
  using clock = Tensor.from(Uint32Array.of(0, step, 1));
  const { tokens, inputs, targets } = task({ seeds, clock, key: "test" });
  const values = [...await tokens.read()];
  for (const tensor of new Set([tokens, inputs, targets])) tensor.destroy();
  return Array.from({ length: values.length / (T + 1) }, (_, row) => values.slice(row * (T + 1), (row + 1) * (T + 1)));
}

async function withText(use: (path: string) => Promise<void>): Promise<void> {
  const path = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(path, word.repeat(200));
    await use(path);
  } finally {
    Deno.removeSync(path);
  }
}

/** The bytes of "zebra " in their order are " aberz". */
const numbers = [...word].map((letter) => " aberz".indexOf(letter));
const follows = (row: readonly number[]) =>
  row.every((token, t) => t === 0 || token === numbers[(numbers.indexOf(row[t - 1]) + 1) % 6]);

Deno.test("a text's tokens are its different bytes; windows to train on are new at every step", () =>
  withText(async (path) => {
    const { train, vocabulary, text } = await textTasks(path, T + 1, false);
    assertEquals([vocabulary, text?.length], [6, 1080]);
    const [first, second] = [await windowsOf(train(3), 0), await windowsOf(train(3), 0)];
    assertEquals(first, second);
    assertEquals(first.length, R * 3);
    assert(first.every(follows));
  }));

Deno.test("held-out windows are those of the last tenth, a quarter apart, for every seed: late bytes come early later on", () =>
  withText(async (path) => {
    const { held } = await textTasks(path, T + 1, false);
    const all = await windowsOf(held(1000), 0);
    assertEquals(all.length, R * (Math.floor((120 - 17) / 4) + 1));
    assertEquals(all.slice(0, all.length / R), all.slice(all.length / R));
    for (let row = 0; row + 3 < all.length / R; row++) {
      // Targets of the last quarter, and those of the first one of the third window after it.
      assertEquals(all[row].slice(1 + 12), all[row + 3].slice(1, 1 + 4));
    }
    assertEquals((await windowsOf(held(2), 0)).length, R * 2);
  }));

Deno.test("the control's bytes come from all over the text, in no order", () =>
  withText(async (path) => {
    const { train, held, vocabulary } = await textTasks(path, T + 1, true);
    assertEquals(vocabulary, 6);
    for (const rows of [await windowsOf(train(4), 0), await windowsOf(held(4), 0)]) {
      assertEquals(rows.length, R * 4);
      assert(!rows.some(follows));
    }
  }));
