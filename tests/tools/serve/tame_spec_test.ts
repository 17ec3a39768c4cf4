import { assertEquals, assertThrows } from "@std/assert";
import { FigureError } from "../../../lib/figures/spec.ts";
import { tameSpec } from "../../../lib/tools/serve/tame_spec.ts";

Deno.test("a figure keeps its rows whatever they are called, and loses every way out", () => {
  const rows = [{ x: 1, href: "a", url: "b", usermeta: 1, bind: 2 }];
  const spec = {
    $schema: "https://elsewhere.example/v6.json",
    usermeta: { embedOptions: { loader: {}, ast: false } },
    datasets: { rows },
    params: [{ name: "p", bind: { element: "#search" }, value: 1 }],
    layer: [{
      data: { name: "rows", format: { parse: { x: "number" } } },
      mark: { type: "image", href: "javascript:alert(1)", url: "https://elsewhere.example/x.png" },
      encoding: { x: { field: "x" }, href: { field: "href" }, url: { field: "url" } },
    }, { data: { values: rows }, mark: "bar" }],
  };
  assertEquals(tameSpec(spec), {
    datasets: { rows },
    params: [{ name: "p", value: 1 }],
    layer: [
      { data: { name: "rows" }, mark: { type: "image" }, encoding: { x: { field: "x" } } },
      { data: { values: rows }, mark: "bar" },
    ],
  });
});

Deno.test("data that is not inline is refused, wherever it stands", () => {
  const refused = (spec: unknown) => assertThrows(() => tameSpec(spec), FigureError).message;
  assertEquals(refused({ data: { url: "https://elsewhere.example/x" } }), "expected inline data, found data.url");
  assertEquals(refused({ layer: [{ data: { url: "/api/runs" } }] }), "expected inline data, found data.url");
  assertEquals(refused({ data: { sequence: { start: 0, stop: 1e12 } } }), "expected inline data, found data.sequence");
  assertEquals(refused({ data: { values: "x,y" } }), "expected rows in data.values, found string");
  assertEquals(
    refused({ transform: [{ lookup: "x", from: { data: { url: "x" }, key: "x" } }] }),
    "expected inline data, found data.url",
  );
  assertEquals(refused("text"), "expected a specification, found no JSON object");
  let deep: unknown = 1;
  for (let level = 0; level < 5000; level++) deep = [deep];
  assertEquals(refused({ layer: deep }), "expected at most 100 levels, found more");
});
