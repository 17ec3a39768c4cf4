/** Axes: a title with its unit, a linear or logarithmic scale, and labels that read as powers of ten where they should. */

/** Quantity and scale of an axis. */
export interface Axis {
  /** Title with the unit, as a reader should see it: "SGD step", "loss (nats)". */
  title: string;
  /** Default `linear`. Values on a logarithmic axis must be positive. */
  scale?: "linear" | "log";
  /** Fixed ends; default: the extent of the data. */
  domain?: readonly [number, number];
  /** Whether a linear axis must contain zero; default false. */
  zero?: boolean;
  /** Positions of the ticks, where the usual ones do not suit: 0.5, 1, 2 for a ratio. */
  ticks?: readonly number[];
  /** Pixels between the data and the ends of an axis that is neither fixed nor rounded; default 8 on a log y axis. */
  margin?: number;
}

const SUPERSCRIPTS = "['⁰','¹','²','³','⁴','⁵','⁶','⁷','⁸','⁹']";
const EXPONENT = "floor(log(datum.value) / LN10 + 1e-9)";
const MANTISSA = `format(datum.value / pow(10, ${EXPONENT}), '~r')`;

/**
 * Vega expression for labels of a logarithmic axis. It keeps the labels that Vega itself would leave out empty, and
 * writes numbers below 0.01 and from 10 000 on as powers: 10⁻³, 2×10⁻³.
 */
const DECADE_LABEL = `datum.label === '' ? '' : ` +
  `${EXPONENT} >= -2 && ${EXPONENT} <= 3 ? format(datum.value, ',~r') : ` +
  `(${MANTISSA} === '1' ? '' : ${MANTISSA} + '×') + '10' + (${EXPONENT} < 0 ? '⁻' : '') + ` +
  `(abs(${EXPONENT}) > 99 ? ${SUPERSCRIPTS}[floor(abs(${EXPONENT}) / 100)] : '') + ` +
  `(abs(${EXPONENT}) > 9 ? ${SUPERSCRIPTS}[floor(abs(${EXPONENT}) / 10) % 10] : '') + ` +
  `${SUPERSCRIPTS}[abs(${EXPONENT}) % 10]`;

/**
 * Position channel of a field on an axis.
 *
 * @param channel Which axis it is.
 * @param axis Title, scale and ends.
 * @param field Field of the rows that holds the position (finite; positive on a logarithmic axis).
 * @returns A Vega-Lite position channel.
 *
 * @example
 * ```ts
 * import { position } from "./axes.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const x = position("x", { title: "SGD step", scale: "log" }, "step");
 * assertEquals([x.field, x.title, x.scale.type], ["step", "SGD step", "log"]);
 * ```
 */
export function position<F extends string>(channel: "x" | "y", axis: Axis, field: F): {
  field: F;
  type: "quantitative";
  title: string;
  scale: { type: "linear" | "log"; zero?: boolean; nice: boolean; padding?: number; domain?: number[] };
  axis: {
    grid: boolean;
    tickCount?: number;
    values?: number[];
    format?: string;
    labelExpr?: string;
    labelOverlap?: "greedy";
  };
} {
  const log = axis.scale === "log";
  const free = axis.domain === undefined;
  // Round ends of a logarithmic axis are powers of ten, which can leave most of a panel empty: a margin instead.
  const nice = free && !log && channel === "y" && axis.margin === undefined;
  const padding = axis.margin ?? (log && channel === "y" ? 8 : 0);
  return {
    field,
    type: "quantitative",
    title: axis.title,
    scale: {
      type: log ? "log" : "linear",
      nice,
      ...(log ? {} : { zero: axis.zero ?? false }),
      ...(axis.domain === undefined ? (padding > 0 ? { padding } : {}) : { domain: [...axis.domain] }),
    },
    axis: {
      grid: channel === "y",
      ...(axis.ticks === undefined ? { tickCount: log ? 5 : 6 } : { values: [...axis.ticks] }),
      // Vega writes 1.0 where ticks of its own choice would be halves.
      ...(!log && axis.ticks?.every(Number.isInteger) ? { format: ",d" } : {}),
      ...(log ? { labelExpr: DECADE_LABEL, labelOverlap: "greedy" as const } : {}),
    },
  };
}
