// PARTS lanes that share a head whose keys are few: each has KEYS of them in registers, and all have every query.
//
// A power of two, and no more than a subgroup's LANES. They load the pieces of a row in turn and take them from one
// another, and add up what each has found over its keys: pairs, pairs of pairs, and so on, so that all get the same bits.
const KEYS: u32 = 4u;
const LANES: u32 = 16u;
const PARTS: u32 = 1u;
const LEVELS: u32 = 0u;
// Pieces of a row that a lane loads and stores.
const OWN: u32 = (PIECES + PARTS - 1u) / PARTS;

// Piece u of a lane's own.
fn own_piece(u: u32, part: u32) -> u32 {
  return min(u * PARTS + part, PIECES - 1u);
}

// Whether a lane's piece u is there, and no other's.
fn owns(u: u32, part: u32) -> bool {
  return u * PARTS + part < PIECES;
}

// Piece v of a row of which each lane has its own.
fn row_piece(own: array<vec4f, OWN>, v: u32, lane: u32) -> vec4f {
  if (PARTS == 1u) {
    return own[v];
  }
  return subgroupShuffle(own[v / PARTS], lane - lane % PARTS + v % PARTS);
}

fn largest_of(value: f32, lane: u32) -> f32 {
  var found = value;
  for (var level = 0u; level < LEVELS; level++) { // unroll
    found = max(found, subgroupShuffle(found, lane ^ (1u << level)));
  }
  return found;
}

fn sum_of(value: f32, lane: u32) -> f32 {
  var found = value;
  for (var level = 0u; level < LEVELS; level++) { // unroll
    found += subgroupShuffle(found, lane ^ (1u << level));
  }
  return found;
}

fn vector_sum_of(value: vec4f, lane: u32) -> vec4f {
  var found = value;
  for (var level = 0u; level < LEVELS; level++) { // unroll
    found += subgroupShuffle(found, lane ^ (1u << level));
  }
  return found;
}
