import { assertRejects } from "@std/assert";
import { FigureError, type Spec } from "../../lib/figures/spec.ts";
import { curves } from "../../lib/figures/curves.ts";
import { validate } from "../../lib/figures/validate.ts";
import { picture } from "./demonstration.ts";

const a = { field: "a", type: "quantitative" } as const;
const b = { field: "b", type: "quantitative" } as const;
const c = { field: "c", type: "quantitative" } as const;
const data = { values: [{ a: 1, b: 2 }, { a: 2, b: 0 }] };

/** Specifications that are wrong on purpose are not literals of the type. */
function refuse(spec: unknown, message: string): Promise<unknown> {
  return assertRejects(() => validate(spec as Spec), FigureError, message);
}

Deno.test("validate: the house figures are valid", async () => {
  await validate(curves({ ...picture, rules: [{ y: 0.5, label: "floor" }] })!);
  await validate(curves({ ...picture, x: { title: "step", scale: "log" }, panels: 2 })!);
  await validate(curves({ ...picture, y: { title: "a", scale: "log" }, marks: "points" })!);
});

Deno.test("validate: a misspelt channel, mark, type or property is named with its place and the nearest", async () => {
  const known = "only properties that Vega-Lite knows";
  await refuse(
    { data, mark: "line", encoding: { x: a, colour: b } },
    `expected at /encoding ${known} (nearest: color), found "colour"`,
  );
  await refuse({ data, mark: "line", widht: 3 }, `expected at the top level ${known} (nearest: width), found "widht"`);
  await refuse(
    { data, mark: { type: "line", strokeDashh: [1] } },
    `expected at /mark ${known} (nearest: strokeDash), found "strokeDashh"`,
  );
  await refuse(
    { data, mark: "line", encoding: { x: { field: "a", type: "quantitive" } } },
    'expected at /encoding/x/type one of quantitative, ordinal, temporal, nominal (nearest: quantitative), found "quantitive"',
  );
  await refuse({ data, layer: [{ mark: "point" }, { mark: "lien" }] }, '(nearest: line), found "lien"');
  await refuse(
    { data, hconcat: [{ layer: [{ mark: "line", encoding: { y: { ...b, axis: { titel: "b" } } } }] }] },
    `expected at /hconcat/0/layer/0/encoding/y/axis ${known} (nearest: title), found "titel"`,
  );
});

Deno.test("validate: a field must exist in the rows of its view, in every kind of view", async () => {
  const x = 'expected field "c" for channel x of view';
  await refuse({ data, mark: "line", encoding: { x: c } }, `${x} top, found a, b`);
  await refuse({ data, layer: [{ mark: "line", encoding: { x: c } }] }, `${x} top.layer[0], found a, b`);
  await refuse({ data, encoding: { x: c }, layer: [{ mark: "line" }] }, `${x} top.layer[0], found a, b`);
  await refuse({ data, vconcat: [{ mark: "line", encoding: { x: c } }] }, `${x} top.vconcat[0], found a, b`);
  await refuse(
    { data, hconcat: [{ mark: "line" }, { data: { values: [{ d: 1 }] }, mark: "line", encoding: { x: a } }] },
    'expected field "a" for channel x of view top.hconcat[1], found d',
  );
  await refuse(
    { data, facet: { field: "a" }, spec: { mark: "line", encoding: { x: c } } },
    `${x} top.spec, found a, b`,
  );
  await refuse(
    { data, facet: { row: { field: "c" } }, spec: { mark: "line" } },
    'expected field "c" for channel facet of view top, found a, b',
  );
  await refuse(
    { data, repeat: ["a", "c"], spec: { mark: "point", encoding: { x: { ...a, field: { repeat: "repeat" } } } } },
    `${x} top.spec[c], found a, b`,
  );
  await refuse(
    { data, mark: "line", encoding: { x: a, color: { condition: { test: "true", field: "c" }, value: "red" } } },
    'expected field "c" for channel color of view top, found a, b',
  );
});

Deno.test("validate: data must be inline, named as it is stored, and not empty", async () => {
  const view = { mark: "line", encoding: { x: a } };
  await refuse({ ...view, data: { url: "rows.json" } }, "expected inline rows in data.values of view top, found url");
  await refuse({ ...view, data: { values: [] } }, "expected at least one row in the data of view top, found none");
  await refuse(
    { ...view, datasets: { theory: data.values }, data: { name: "theroy" } },
    'expected a dataset named "theroy" for view top, found theory',
  );
  await refuse(
    { hconcat: [view] },
    "expected data for channel x of view top.hconcat[0], found none in it or around it",
  );
});

Deno.test("validate: fields made or dropped by transforms count", async () => {
  const line = { data, mark: "line" };
  const valid: unknown[] = [
    { ...line, transform: [{ calculate: "2 * datum.a", as: "c" }], encoding: { x: c } },
    { ...line, transform: [{ fold: ["a", "b"] }], encoding: { x: { ...a, field: "value" }, color: { field: "key" } } },
    { ...line, transform: [{ joinaggregate: [{ op: "mean", field: "b", as: "c" }] }], encoding: { x: a, y: c } },
    { ...line, transform: [{ window: [{ op: "row_number", as: "c" }] }], encoding: { x: c } },
    { ...line, transform: [{ regression: "b", on: "a" }], encoding: { x: a, y: b } },
    { ...line, transform: [{ filter: "datum.b > 0" }], encoding: { y: { ...b, scale: { type: "log" } } } },
    { ...line, encoding: { x: { ...a, bin: true }, y: { aggregate: "count", type: "quantitative" } } },
  ];
  for (const spec of valid) await validate(spec as Spec);
  await refuse(
    { ...line, transform: [{ aggregate: [{ op: "mean", field: "b", as: "c" }] }], encoding: { x: a, y: c } },
    'expected field "a" for channel x of view top, found c',
  );
});

Deno.test("validate: quantitative channels hold finite numbers", async () => {
  const found: [unknown, string][] = [[NaN, "NaN"], [null, "null"], ["1", '"1"'], [undefined, "no value"]];
  for (const [value, text] of found) {
    await refuse(
      { data: { values: [{ a: 1 }, { a: value }] }, mark: "point", encoding: { x: a } },
      `expected finite numbers in field "a" for channel x of view top, found ${text} in row 1`,
    );
  }
});

Deno.test("validate: a log scale holds positive numbers, also where another layer declares it", async () => {
  const log = { ...b, scale: { type: "log" } };
  const message = 'expected positive numbers on the log scale in field "b" for channel';
  await refuse({ data, mark: "line", encoding: { y: log } }, `${message} y of view top, found 0 in row 1`);
  await refuse(
    { data, layer: [{ mark: "line", encoding: { y: b } }, { mark: "line", encoding: { y: { ...log, field: "a" } } }] },
    `${message} y of view top.layer[0], found 0 in row 1`,
  );
  await refuse(
    { data, mark: "area", encoding: { y: { ...log, field: "a" }, y2: { field: "b" } } },
    `${message} y2 of view top, found 0 in row 1`,
  );
  await refuse(
    {
      data,
      layer: [{ mark: "line", encoding: { y: { ...log, field: "a" } } }, {
        mark: "rule",
        encoding: { y: { datum: 0 } },
      }],
    },
    "expected a positive datum on the log scale for channel y of view top.layer[1], found 0",
  );
});

Deno.test("validate: a scale of given names refuses a name that is none of them, and would be drawn without a legend", async () => {
  const series = (domain: string[]) => ({ field: "s", type: "nominal", scale: { domain } });
  const view = (domain: string[]) => ({
    data: { values: [{ a: 1, s: "exact flow" }, { a: 2, s: "ridge" }] },
    mark: "line",
    encoding: { x: a, strokeDash: series(domain) },
  });
  await validate(view(["exact flow", "ridge"]) as Spec);
  await refuse(
    view(["exact flow", "lasso"]),
    'expected one of exact flow, lasso (scale.domain) in field "s" for channel strokeDash of view top, found "ridge" in row 1',
  );
});
