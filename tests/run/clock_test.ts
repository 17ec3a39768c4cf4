import { assert, assertEquals } from "@std/assert";
import { CLOCK, clockEntries, RunClock } from "../../lib/run/clock.ts";
import { inFolder, rowsOf, runWalk } from "./subprocess.ts";

const read = (path: string) => clockEntries(Deno.readTextFileSync(path));

Deno.test("a clock notes when a log had a length, and goes on from the length at which a run does", () =>
  inFolder((root) => {
    const path = `${root}/${CLOCK}`;
    new RunClock(path).note(100);
    const [first] = read(path);
    assertEquals(first.bytes, 100);
    Deno.writeTextFileSync(path, '{"bytes":200,"ms":5000}\n{"bytes":300,"ms":9000}\n{"byt', { append: true });
    new RunClock(path, 250).note(260);
    const entries = read(path);
    assertEquals(entries.map(({ bytes }) => bytes), [100, 200, 260]);
    assert(entries[2].ms >= 5000 && entries[2].ms < 9000, `${entries[2].ms}`);
    new RunClock(path, 0);
    assertEquals(read(path), []);
    return Promise.resolve();
  }));

Deno.test("a clock has few entries, however often it is told", () =>
  inFolder((root) => {
    const path = `${root}/${CLOCK}`;
    const clock = new RunClock(path);
    for (let bytes = 1; bytes <= 1000; bytes++) clock.note(bytes);
    assert(read(path).length <= 3, `${read(path).length}`);
    return Promise.resolve();
  }));

Deno.test("a clock that cannot be written ends no run, and what is no entry is passed over", () => {
  new RunClock("/nowhere/clock.ndjson").note(1);
  const text =
    '{"bytes":2,"ms":1}\n\nnull\n{"bytes":1,"ms":9}\n{"bytes":3,"ms":0}\n{"bytes":"4","ms":2}\n{"bytes":5,"ms":2}\n';
  assertEquals(clockEntries(text), [{ bytes: 2, ms: 1 }, { bytes: 5, ms: 2 }]);
});

Deno.test("a run keeps its clock beside its log", () =>
  inFolder(async (root) => {
    const { code } = await runWalk(["--out=results/run", "--steps=20", "--pauseMs=60", "--quiet"], root);
    assertEquals(code, 0);
    const entries = read(`${root}/results/run/${CLOCK}`);
    const log = `${root}/results/run/log.ndjson`;
    assert(entries.length >= 2 && entries.at(-1)!.ms >= 1000, JSON.stringify(entries));
    assert(entries.at(-1)!.bytes <= Deno.statSync(log).size);
    assert((await rowsOf(log)).length > 20);
  }));
