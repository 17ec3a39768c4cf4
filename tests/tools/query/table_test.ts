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
