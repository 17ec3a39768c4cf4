// A block of rows of two matrices, one row of each per lane: lanes take one another's rows by broadcast.
//
// On a software driver a load costs as much as 10 to 20 multiplications and a broadcast hardly more than one. Needs
// subgroups of exactly LANES lanes.
const LANES: u32 = 8u;
const KEYS: u32 = LANES;
// Pieces that follow those of a left row.
const EXTRA: u32 = 0u;
const LEFT: u32 = PIECES + EXTRA;
var<private> left: array<vec4f, LEFT>;
var<private> right: array<vec4f, PIECES>;

fn share(head: Head, first: u32, lane: u32) {
  for (var v = 0u; v < LEFT; v++) { // unroll
    left[v] = left_piece(head, first + lane, v);
  }
  for (var v = 0u; v < PIECES; v++) { // unroll
    right[v] = right_piece(head, first + lane, v);
  }
}
