import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { bool, float, int, joinColumns, type LogRow, text } from "../../lib/run/columns.ts";
import { RunError, UserError } from "../../lib/io/errors.ts";
import { LogWriter, readLog } from "../../lib/run/log.ts";

const columns = {
  train: { step: int("steps", "steps taken"), replica: int("", "replica"), loss: float("", "loss") },
  measure: { name: text("what"), value: float("", "how much"), done: bool("whether") },
};

async function inLog(use: (log: LogWriter<typeof columns>, path: string) => Promise<void> | void) {
  const path = Deno.makeTempFileSync();
  const log = new LogWriter(path, columns);
  try {
    await use(log, path);
  } finally {
    log.close();
    Deno.removeSync(path);
  }
}

async function rowsOf(path: string): Promise<LogRow[]> {
  const rows: LogRow[] = [];
  for await (const row of readLog(path)) rows.push(row);
  return rows;
}

Deno.test("rows come back as written, floats keep a point so that readers infer one type", () =>
  inLog(async (log, path) => {
    log.write("train", { step: 1, replica: 0, loss: 2 });
    log.write("train", { step: 2, replica: 0, loss: 1e21 });
    log.write("train", { step: 3, replica: 0, loss: -1.5e-7 });
    log.write("measure", { name: 'line\n"quoted" é', value: -0, done: true });
    log.flush();
    assertEquals(Deno.readTextFileSync(path).split("\n").slice(0, 3), [
      '{"kind":"train","step":1,"replica":0,"loss":2.0}',
      '{"kind":"train","step":2,"replica":0,"loss":1e+21}',
      '{"kind":"train","step":3,"replica":0,"loss":-1.5e-7}',
    ]);
    assertEquals((await rowsOf(path))[3], { kind: "measure", name: 'line\n"quoted" é', value: 0, done: true });
  }));

Deno.test("rows of a kind are read back while more are written, those from before too", () =>
  inLog(async (first, path) => {
    first.write("train", { step: 1, replica: 0, loss: 2 });
    first.write("measure", { name: "a", value: 1, done: true });
    first.close();
    const log = new LogWriter(path, columns);
    log.write("train", { step: 2, replica: 0, loss: 1 });
    assertEquals((await log.rows("train")).map(({ step, loss }) => [step, loss]), [[1, 2], [2, 1]]);
    log.write("measure", { name: "b", value: 1, done: true });
    assertEquals((await log.rows("measure")).map(({ name }) => name), ["a", "b"]);
    log.close();
  }));

Deno.test("columns appear in their declared order, whatever the order of the row", () =>
  inLog((log, path) => {
    log.write("train", { loss: 0.5, replica: 1, step: 7 });
    log.flush();
    assertEquals(Deno.readTextFileSync(path), '{"kind":"train","step":7,"replica":1,"loss":0.5}\n');
  }));

Deno.test("a number that is not finite is a divergence, with step and replica, and leaves no half row", () =>
  inLog((log, path) => {
    for (const loss of [NaN, Infinity, -Infinity]) {
      const error = assertThrows(() => log.write("train", { step: 12, replica: 3, loss }), RunError);
      assertEquals(
        error.message,
        `expected a finite loss in train rows, found ${loss} at step 12, replica 3; the run diverged`,
      );
    }
    log.flush();
    assertEquals(Deno.readTextFileSync(path), "");
  }));

Deno.test("a row off its declared columns is refused by name", () =>
  inLog((log) => {
    const write = log.write.bind(log) as (kind: string, row: Record<string, unknown>) => void;
    const refusals: [string, Record<string, unknown>, string][] = [
      ["trian", {}, "expected a declared kind of row, found trian; nearest is train"],
      ["train", { step: 1, replica: 0, los: 1 }, "expected declared columns in train rows, found los; nearest is loss"],
      ["train", { step: 1, replica: 0 }, "expected column loss of train rows to be float, found nothing"],
      ["train", { step: 1, replica: 0, loss: "1" }, 'expected column loss of train rows to be float, found "1"'],
      ["train", { step: 1.5, replica: 0, loss: 1 }, "expected column step of train rows to be int, found 1.5"],
      [
        "train",
        { step: 1, replica: 0, loss: [1] },
        "expected column loss of train rows to be float, found a nested value",
      ],
      [
        "train",
        { step: 1, replica: 0, loss: null },
        "expected column loss of train rows to be float, found a nested value",
      ],
      ["measure", { name: 1, value: 1, done: true }, "expected column name of measure rows to be text, found 1"],
      ["measure", { name: "a", value: 1, done: 1 }, "expected column done of measure rows to be bool, found 1"],
    ];
    for (const [kind, row, message] of refusals) {
      assertEquals(assertThrows(() => write(kind, row), TypeError).message, message);
    }
  }));

Deno.test("what reaches the file is whole lines, before and after the buffer is full", () =>
  inLog(async (log, path) => {
    for (let step = 1; step <= 4000; step++) {
      log.write("train", { step, replica: 0, loss: 1 / step });
      if (step % 500 === 0) assertEquals(/(^|\n)$/.test(Deno.readTextFileSync(path)), true);
    }
    const before = (await rowsOf(path)).length;
    assertEquals(before > 1000 && before < 4000, true, `${before} rows before the last flush`);
    log.close();
    assertEquals((await rowsOf(path)).map(({ step }) => step), Array.from({ length: 4000 }, (_, index) => index + 1));
    assertThrows(() => log.write("train", { step: 1, replica: 0, loss: 1 }), Error, "expected an open log");
  }));

Deno.test("no line crosses a page of the file, whatever was flushed when, so that a cut write leaves whole lines", () =>
  inLog((log, path) => {
    const lengths = [40, 1000, 3, 700, 977, 1, 250];
    for (let step = 0; step < 400; step++) {
      log.write("measure", { name: "é".repeat(lengths[step % 7] / 2), value: step, done: true });
      if (step % 11 === 0) log.flush();
    }
    log.close();
    const bytes = Deno.readFileSync(path);
    const pages = Math.floor(bytes.length / 4096);
    assertEquals(pages > 30, true, `${pages} pages`);
    for (let page = 1; page <= pages; page++) {
      assertEquals([bytes[page * 4096 - 1], bytes[page * 4096]], [0x0a, 0x7b], `page ${page}`);
    }
    const again = Deno.makeTempFileSync();
    const once = new LogWriter(again, columns);
    for (let step = 0; step < 400; step++) {
      once.write("measure", { name: "é".repeat(lengths[step % 7] / 2), value: step, done: true });
    }
    once.close();
    assertEquals(Deno.readFileSync(again), bytes);
    Deno.removeSync(again);
  }));

Deno.test("a torn last line is left out at every place it can tear; a broken line before the last is an error", async () => {
  const path = Deno.makeTempFileSync();
  try {
    const first = '{"kind":"train","step":1}';
    const second = new TextEncoder().encode('{"kind":"measure","name":"é"}');
    for (let kept = 0; kept < second.length; kept++) {
      Deno.writeTextFileSync(path, first + "\n");
      Deno.writeFileSync(path, second.subarray(0, kept), { append: true });
      assertEquals(await rowsOf(path), [{ kind: "train", step: 1 }]);
    }
    Deno.writeTextFileSync(path, `${first}\n{"kind":"tr\n${first}\n`);
    assertEquals(
      (await assertRejects(() => rowsOf(path), SyntaxError)).message,
      `expected a JSON object in line 2 of ${path}, found {"kind":"tr`,
    );
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("a log goes on from any line it has had, and from nowhere else", async () => {
  const path = Deno.makeTempFileSync();
  const open = (keep?: number) => new LogWriter(path, columns, keep);
  const row = (step: number) => ({ step, replica: 0, loss: 1 });
  try {
    let log = open();
    const lengths = [1, 2, 3].map((step) => (log.write("train", row(step)), log.sync()));
    log.write("train", row(4));
    log.close();
    Deno.writeTextFileSync(path, '{"kind":"tr', { append: true });
    const before = Deno.readTextFileSync(path);
    for (const length of [1, lengths[1] - 1, lengths[1] + 1, before.length]) {
      assertThrows(() => open(length), UserError, `expected a line of ${path} to end at byte ${length}`);
    }
    assertThrows(
      () => open(before.length + 1),
      UserError,
      `${before.length + 1} bytes in ${path}, as its checkpoint says`,
    );
    assertEquals(Deno.readTextFileSync(path), before);

    log = open(lengths[1]);
    assertEquals(log.sync(), lengths[1]);
    log.write("train", row(5));
    assertEquals(log.sync(), Deno.statSync(path).size);
    log.close();
    assertEquals((await rowsOf(path)).map(({ step }) => step), [1, 2, 5]);
    open(0).close();
    assertEquals(Deno.statSync(path).size, 0);
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("a log has one writer at a time", () =>
  inLog((log, path) => {
    assertThrows(() => new LogWriter(path, columns), UserError, `that has ended, found ${path} still being written`);
    log.close();
    new LogWriter(path, columns).close();
  }));

Deno.test("a column has one type in all kinds of row", () => {
  const clash = () => joinColumns({ a: { value: int("", "") }, b: { value: float("", "") } });
  assertThrows(clash, Error, "expected column value to have one type in all rows, found int and float (b)");
  assertThrows(() => joinColumns({ a: { verdict: float("", "") } }), Error, "found float and text (claim)");
  assertThrows(() => joinColumns({ a: { kind: text("") } }), Error, "expected no column named kind in a rows");
  assertThrows(() => joinColumns({ claim: {} }), Error, "measure, theory, criterion, claim, rival; found claim");
});
