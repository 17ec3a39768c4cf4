/**
 * Figures: numbers → Vega-Lite literal → SVG, PNG. Standard figures first, then what special figures are put together from.
 *
 * @module
 */

export {
  curves,
  type CurvesOptions,
  multiples,
  type MultiplesOptions,
  type MultiplesPanel,
  points,
  type PointsOptions,
  type ValuesAt,
} from "./curves.ts";
export { type ColorScale, heatMap, type HeatMapOptions } from "./heat_map.ts";
export { type NamedPoint, paths, type PathsOptions, type PlanePoint } from "./paths.ts";
export { type Dot, scatterPlot, type ScatterPlotOptions } from "./scatter_plot.ts";
export { bars, type BarsOptions } from "./bars.ts";
export type { CurvesLook, FigureWords, Theories } from "./draw_panels.ts";
export type { Stroke } from "./strokes.ts";
export { type Axis, position } from "./axes.ts";
export { type BandDefinition, type BandOptions, bandOver, type BandRow, type BandRule, describeBand } from "./band.ts";
export { chainFigure } from "./chains.ts";
export { type Caption, figure, type Panel, smallMultiples } from "./compose.ts";
export { thin, type ThinOptions } from "./downsample.ts";
export { type NotebookForms, notebookForms, selfDisplaying } from "./notebook.ts";
export { type PngOptions, renderPng } from "./png.ts";
export { renderSvg } from "./render.ts";
export { roundData, roundTo } from "./round.ts";
export { type Rule, ruleAt } from "./rule.ts";
export { FigureError, type FigureRow, type Layer, SCHEMA, type Spec } from "./spec.ts";
export { CONFIG, groupScale, INK, PALETTE } from "./theme.ts";
export { validate } from "./validate.ts";
export { writeFigure, type WriteOptions } from "./write.ts";
