import { assertEquals } from "@std/assert";
import { tableOf } from "../../../lib/tools/query/table.ts";

Deno.test("a table fits the terminal: the widest texts are cut, numbers never", () => {
  const columns = [
    { name: "run", type: "VARCHAR" },
    { name: "question", type: "VARCHAR" },
    { name: "loss", type: "DOUBLE" },
    { name: "big", type: "HUGEINT" },
  ];
  const rows = [["2026-11-22T09-30", "how does a transformer learn", 0.25, 123456789012345678901n]];
  assertEquals(tableOf(columns, rows, { width: 60 }).split("\n"), [
    "run             question        loss                    big",
    "2026-11-22T09…  how does a tr…  0.25  123456789012345678901",
  ]);
  assertEquals(tableOf(columns, [], {}), "run  question  loss  big");
});

Deno.test("where the narrowest columns do not fit, a row is a block of lines, none wider than the terminal", () => {
  const columns = ["experiment", "run", "preset", "series", "quantity", "verdict"].map((name) => ({
    name,
    type: "VARCHAR",
  }))
    .concat([{ name: "value", type: "DOUBLE" }, { name: "step", type: "BIGINT" }]);
  const row = (
    value: number,
  ) => ["icl_emergence", "2026-11-22T09-30-18Z-cpu-seed1", "cpu", "main", "loss", "", value, 20000n];
  const lines = tableOf(columns, [row(0.123456789), row(2)], { width: 60 }).split("\n");
  assertEquals(lines.length, 17);
  assertEquals(lines.slice(0, 9), [
    "experiment  icl_emergence",
    "run         2026-11-22T09-30-18Z-cpu-seed1",
    "preset      cpu",
    "series      main",
    "quantity    loss",
    "verdict",
    "value       0.123457",
    "step        20000",
    "",
  ]);
  for (const width of [10, 20, 60]) {
    const widest = Math.max(...tableOf(columns, [row(1)], { width }).split("\n").map((line) => line.length));
    assertEquals(widest <= width, true, `${widest} of ${width}`);
  }
});
