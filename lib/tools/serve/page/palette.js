/** Colours for groups and runs: Okabe & Ito's set, as in lib/figures/theme.ts. */
export const PALETTE = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C8C8C"];

/** Strokes of theories, in this order; what is measured is solid. */
export const STROKES = [[6, 4], [2, 3], [10, 4, 2, 4], [12, 5]];
