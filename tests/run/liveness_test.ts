import { assertEquals } from "@std/assert";
import { beingWritten, modified, standing } from "../../lib/run/liveness.ts";
import { openLog } from "../../lib/run/open_log.ts";

const CRASHED = { status: "crashed", reason: "its process ended without saying so" } as const;

Deno.test("a run is running while its log is locked or fresh, and has crashed afterwards", () => {
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
    assertEquals(beingWritten(log, 1000, 2000), true, "its writer may be just opening it");
    Deno.utimeSync(log, new Date(), new Date());
    assertEquals(standing(folder, running), running);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("what has ended stands as its manifest says", () => {
  const interrupted = { status: "interrupted", reason: "SIGINT" } as const;
  assertEquals(standing("/nowhere", interrupted), interrupted);
});
