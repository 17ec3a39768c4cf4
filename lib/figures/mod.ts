/**
 * Figures: rows → Vega-Lite literal → SVG, PNG.
 *
 * @module
 */

export type { Axis } from "./axes.ts";
export { chainFigure } from "./chains.ts";
export { type BandDefinition, type BandOptions, bandOver, type BandRow, describeBand } from "./band.ts";
export { type Caption, figure, type Panel, smallMultiples } from "./compose.ts";
export { thin, type ThinOptions } from "./downsample.ts";
export { band, type Frame, meanLine, pointsWithInterval, theoryLine } from "./marks.ts";
export { type PngOptions, renderPng } from "./png.ts";
export { renderSvg } from "./render.ts";
export { roundData, roundTo } from "./round.ts";
export { type Rule, ruleAt } from "./rule.ts";
export { SERIES, type Series, seriesScale } from "./series.ts";
export { FigureError, type FigureRow, type Layer, SCHEMA, type Spec } from "./spec.ts";
export { CONFIG, groupScale, INK, PALETTE, shadeScale } from "./theme.ts";
export { type TheoryAndSimulation, theoryAndSimulation, type TheoryRow } from "./theory_and_simulation.ts";
export { validate } from "./validate.ts";
export { writeFigure, type WriteOptions } from "./write.ts";
