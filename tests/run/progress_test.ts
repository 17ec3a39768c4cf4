import { assertEquals } from "@std/assert";
import { createProgress } from "../../lib/run/progress.ts";

/** A target whose clock is moved by hand. */
function target(quiet = false) {
  const printed: string[] = [];
  const clock = { ms: 0 };
  return {
    printed,
    clock,
    quiet,
    terminal: false,
    write: (text: string) => printed.push(text),
    now: () => clock.ms,
    columns: () => 80,
  };
}

Deno.test("without a terminal a line appears every tenth, at most one a second, and at the end", async () => {
  const at = target();
  const progress = await createProgress(at);
  progress.start(100, "train");
  for (let step = 1; step <= 99; step++) {
    at.clock.ms += 100;
    await progress.update(step, { loss: 1 / step });
  }
  progress.stop();
  progress.stop();
  assertEquals(at.printed.length, 10);
  assertEquals(at.printed[0], "train: step 10/100 (10 %)  loss 0.1  10 steps/s  ETA 9s\n");
  assertEquals(at.printed[9], "train: step 99/100 (99 %)  loss 0.0101  10 steps/s  ETA < 1s\n");
});

Deno.test("a slow loop prints every five seconds, a fast one only its end", async () => {
  const at = target();
  const progress = await createProgress(at);
  progress.start(1_000_000);
  for (let step = 1; step <= 11; step++) {
    at.clock.ms += 1000;
    await progress.update(step);
  }
  progress.start(4);
  for (let step = 1; step <= 4; step++) await progress.update(step);
  progress.note("a note");
  progress.stop();
  assertEquals(at.printed.map((line) => line.split("  ")[0].trim()), [
    "step 5/1000000 (0 %)",
    "step 10/1000000 (0 %)",
    "step 11/1000000 (0 %)",
    "a note",
    "step 4/4 (100 %)",
  ]);
});

Deno.test("a loop that goes on counts its rate from where it went on", async () => {
  const at = target();
  const progress = await createProgress(at);
  progress.start(1000, "train", 900);
  at.clock.ms += 1000;
  await progress.update(910);
  progress.stop();
  assertEquals(at.printed, ["train: step 910/1000 (91 %)  10 steps/s  ETA 9s\n"]);
});

Deno.test("where steps differ in their cost, the end is estimated from the share of the work", async () => {
  const at = target();
  const progress = await createProgress(at);
  progress.start(4, "measure", 0, (step) => step ** 2 / 16);
  at.clock.ms += 2000;
  await progress.update(2);
  progress.stop();
  assertEquals(at.printed, ["measure: step 2/4 (25 %)  1 steps/s  ETA 6s\n"]);
});

Deno.test("quiet prints nothing", async () => {
  const at = target(true);
  const progress = await createProgress(at);
  progress.start(1);
  progress.note("unheard");
  await progress.update(1);
  progress.stop();
  assertEquals(at.printed, []);
});

Deno.test("awaiting an update gives the event loop its turn", async () => {
  const at = target();
  const progress = await createProgress(at);
  let heard = false;
  setTimeout(() => heard = true, 0);
  progress.start(1000);
  for (let step = 1; step <= 1000 && !heard; step++) {
    at.clock.ms += 10;
    await progress.update(step);
  }
  assertEquals(heard, true);
});
