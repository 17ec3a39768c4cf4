/** The Fourier heat map over time, and the embedding's circles. */
import { figure, smallMultiples, type Spec } from "../../lib/figures/mod.ts";
import { position } from "../../lib/figures/axes.ts";
import { components } from "./fourier.ts";
import type { Evidence } from "./evidence.ts";
import { orderedRows } from "./measures.ts";

/** Share of the embedding's power at every frequency against time, for the first main replica. */
export function heatMap(evidence: Evidence): Spec {
  const { snapshots, progress: { measured, finals }, replicas } = evidence;
  const shown = snapshots.flatMap(({ step }, index) => step > 0 ? [index] : []);
  const rows = shown.flatMap((index, place) => {
    const next = shown[place + 1];
    const from = snapshots[index].step;
    const to = next === undefined ? from * 1.05 : snapshots[next].step;
    return measured[index][0].embedding.map((share, k) => ({
      from,
      to,
      low: k + 0.5,
      high: k + 1.5,
      share: Number(share.toPrecision(3)),
    }));
  });
  const x = position("x", { title: "full-batch step", scale: "log" }, "from");
  const y = position("y", { title: "frequency k", domain: [0.5, measured[0][0].embedding.length + 0.5] }, "low");
  return figure(
    {
      title: "Fourier spectrum of the embedding over time",
      subtitle: `seed ${replicas[0].seed}; key frequencies of the final logits: ${finals[0].keys.join(", ")}`,
      description: "Share of the token embedding's power at every frequency against the step, for one seed.",
      width: 520,
    },
    { spectrum: rows },
    [{
      data: { name: "spectrum" },
      mark: { type: "rect", clip: true },
      encoding: {
        x,
        x2: { field: "to" },
        y,
        y2: { field: "high" },
        color: {
          field: "share",
          type: "quantitative",
          title: "share of power",
          scale: { scheme: "viridis" },
          legend: { format: ".0%" },
        },
      },
    }],
  );
}

/** Panels at most. */
const MOST_CIRCLES = 6;

/** Numbers on the plane of cosine and sine of each key frequency, for the first main replica. */
export function circles(evidence: Evidence): Spec {
  const { progress: { finals, table }, replicas, setting: { modulus: p } } = evidence;
  const { keys, embedding } = finals[0];
  const { numbers, group: { order: m } } = table;
  const rows = orderedRows(embedding, numbers);
  const C = rows.length / m;
  const parts = components(rows, m);
  const panels = keys.filter((k) => 2 * k < m).slice(0, MOST_CIRCLES).map((k) => {
    const { cosine, sine } = parts[k - 1];
    const along = (direction: Float64Array, e: number) => {
      const norm = Math.hypot(...direction);
      return direction.reduce((sum, value, c) => sum + value * rows[e * C + c], 0) / norm;
    };
    return {
      k,
      points: numbers.map((number, e) => ({
        x: Number(along(cosine, e).toPrecision(4)),
        y: Number(along(sine, e).toPrecision(4)),
        number,
        turn: e * k % m / m,
      })),
    };
  });
  const reach = 1.1 *
    Math.max(...panels.flatMap(({ points }) => points.flatMap(({ x, y }) => [Math.abs(x), Math.abs(y)])));
  const axis = (title: string) => ({ title, domain: [-reach, reach] as const });
  return smallMultiples(
    {
      title: "Embeddings along the key frequencies",
      subtitle: `seed ${replicas[0].seed}, final model; ${p} numbers, coloured by their place k·n on the circle`,
      description: "Embeddings of all numbers projected on the directions of cosine and sine of each key frequency.",
      width: 190,
      height: 190,
    },
    Object.fromEntries(panels.map(({ points }, index) => [`circle_${index}`, points])),
    panels.map(({ k }, index) => ({
      title: `k = ${k}`,
      layers: [{
        data: { name: `circle_${index}` },
        mark: { type: "circle" as const, size: 50, opacity: 0.9, clip: true },
        encoding: {
          x: position("x", axis(`along cos ${k}n`), "x"),
          y: position("y", axis(`along sin ${k}n`), "y"),
          color: {
            field: "turn",
            type: "quantitative" as const,
            title: "turn",
            scale: { scheme: "rainbow" as const, domain: [0, 1] },
          },
        },
      }],
    })),
    3,
  );
}
