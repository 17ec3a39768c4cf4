import { assert, assertEquals, assertLess } from "@std/assert";
import { LogTail } from "../../../lib/tools/serve/log_tail.ts";
import { Results } from "./runs.ts";

/** A tail and what it has read since it was last asked. */
function follow(path: string, maxLine?: number) {
  const tail = new LogTail(path, maxLine);
  return {
    tail,
    async news(budget?: number) {
      const lines: string[] = [];
      const look = await tail.read((line) => lines.push(line), budget);
      return { ...look, lines };
    },
  };
}

const append = (path: string, text: string) => Deno.writeTextFileSync(path, text, { append: true });

Deno.test("a log that is not there yet is read from its start once it is", async () => {
  using results = new Results();
  const path = `${results.path}/log.ndjson`;
  const { news } = follow(path);
  assertEquals(await news(), { restarted: false, more: false, lines: [] });
  append(path, "a\nb");
  assertEquals((await news()).lines, ["a"]);
  assertEquals((await news()).lines, []);
  append(path, "c\n\n");
  assertEquals((await news()).lines, ["bc", ""]);
});

Deno.test("characters that a read tears apart are whole", async () => {
  using results = new Results();
  const path = `${results.path}/log.ndjson`;
  const { news } = follow(path);
  const bytes = new TextEncoder().encode("η = 0.02\n");
  Deno.writeFileSync(path, bytes.subarray(0, 1));
  assertEquals((await news()).lines, []);
  Deno.writeFileSync(path, bytes.subarray(1), { append: true });
  assertEquals((await news()).lines, ["η = 0.02"]);
});

Deno.test("a log that shrank, was replaced, or was cut and written again is read anew", async () => {
  using results = new Results();
  const path = `${results.path}/log.ndjson`;
  const { news } = follow(path);
  append(path, "one\ntwo\n");
  await news();
  Deno.truncateSync(path, 4);
  assertEquals(await news(), { restarted: true, more: false, lines: ["one"] });
  append(path, "TWO and more\n");
  assertEquals(await news(), { restarted: false, more: false, lines: ["TWO and more"] });
  // As a resumed run does between two looks: cut back, then grown beyond where we were.
  Deno.truncateSync(path, 4);
  append(path, "another two\nthree\n");
  assertEquals(await news(), { restarted: true, more: false, lines: ["one", "another two", "three"] });
  // Rotation: the same length, another file.
  Deno.renameSync(path, `${path}.1`);
  append(path, "0ne\nanother two\nthree\n");
  assertEquals((await news()).restarted, true);
  Deno.removeSync(path);
  assertEquals(await news(), { restarted: true, more: false, lines: [] });
});

Deno.test("a budget divides a long log, and nothing is lost at the seams", async () => {
  using results = new Results();
  const path = `${results.path}/log.ndjson`;
  const all = Array.from({ length: 200_000 }, (_, index) => `{"row":${index}}`);
  Deno.writeTextFileSync(path, all.join("\n") + "\n");
  const { news, tail } = follow(path);
  const first = await news(1000);
  assert(first.more);
  assertLess(tail.share, 1);
  const read = first.lines;
  for (let more = true; more;) {
    const next = await news(1000);
    read.push(...next.lines);
    more = next.more;
  }
  assertEquals(read.length, all.length);
  assert(read.every((line, index) => line === all[index]));
  assertEquals(tail.share, 1);
});

Deno.test("a line too long is passed over, wherever the reads end", async () => {
  using results = new Results();
  const path = `${results.path}/log.ndjson`;
  const { news, tail } = follow(path, 1000);
  for (const length of [999, 1000, 1001, 300_000, 600_000]) append(path, "x".repeat(length) + "\n");
  append(path, "end\n");
  assertEquals((await news()).lines.map(({ length }) => length), [999, 1000, 3]);
  assertEquals(tail.skipped, 3);
});

Deno.test("a line of 2 GB is passed over in bounded memory", async () => {
  using results = new Results();
  const path = `${results.path}/log.ndjson`;
  append(path, "first\n");
  // A hole reads as zeros and takes no room on the disk.
  Deno.truncateSync(path, 2 ** 31);
  append(path, "\nlast\n");
  const { news, tail } = follow(path);
  const lines: string[] = [];
  const before = Deno.memoryUsage().rss;
  let highest = before;
  for (let more = true; more;) {
    const look = await news(64 << 20);
    lines.push(...look.lines);
    more = look.more;
    highest = Math.max(highest, Deno.memoryUsage().rss);
  }
  assertEquals(lines, ["first", "last"]);
  assertEquals(tail.skipped, 1);
  assertLess(highest - before, 300 << 20);
});

Deno.test("each line comes with the length of the log up to its end, across reads", async () => {
  using results = new Results();
  const path = `${results.path}/log.ndjson`;
  const tail = new LogTail(path);
  const ends: number[] = [];
  for (const text of ["η\n", "one", " line\n\nη = 1\nhalf", "\n"]) {
    append(path, text);
    await tail.read((_, end) => ends.push(end));
  }
  assertEquals(ends, [3, 12, 13, 20, 25]);
});
