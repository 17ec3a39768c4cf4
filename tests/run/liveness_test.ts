import { assertEquals } from "@std/assert";
import { beingWritten, modified, standing } from "../../lib/run/liveness.ts";
import { openLog } from "../../lib/run/open_log.ts";

const CRASHED = { status: "crashed", reason: "its process ended without saying so" } as const;

Deno.test("a run is running while its log is locked, and has crashed afterwards, whatever the times say", () => {
  const folder = Deno.makeTempDirSync();
  const log = `${folder}/log.ndjson`;
  const running = { status: "running", reason: null } as const;
  try {
    assertEquals([modified(log), beingWritten(log, 0)], [0, false]);
    {
      using _writer = openLog(log);
      Deno.utimeSync(log, 0, 0);
      assertEquals(standing(folder, running), running);
    }
    assertEquals(standing(folder, running), CRASHED);
    assertEquals(beingWritten(log, 1000, 2000), true, "empty: its writer may be just opening it");
    Deno.writeTextFileSync(log, "{}\n");
    for (const ms of [0, 3600_000, -3600_000]) {
      const time = new Date(Date.now() + ms);
      Deno.utimeSync(log, time, time);
      assertEquals(standing(folder, running), CRASHED, `a log written ${ms / 1000} s from now`);
    }
    Deno.removeSync(log);
    assertEquals(beingWritten(log, 1000, 2000), true, "not there yet");
    assertEquals(beingWritten(log, 2000, 1000), false, "a manifest of the future");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("what has ended stands as its manifest says", () => {
  const interrupted = { status: "interrupted", reason: "SIGINT" } as const;
  assertEquals(standing("/nowhere", interrupted), interrupted);
});
