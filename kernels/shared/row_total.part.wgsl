// Sums and maxima over the LANES invocations that share a row, in order of lane: all of them get the same bits.
var<workgroup> row_parts: array<f32, 64>;  // (ROWS, LANES)

fn row_total(part: f32, lane: u32) -> f32 {
  if (LANES == 1u) {
    return part;
  }
  workgroupBarrier();
  row_parts[lane] = part;
  workgroupBarrier();
  let first = lane - lane % LANES;
  var sum = row_parts[first];
  for (var k = 1u; k < LANES; k++) { // unroll
    sum += row_parts[first + k];
  }
  return sum;
}

fn row_max(part: f32, lane: u32) -> f32 {
  if (LANES == 1u) {
    return part;
  }
  workgroupBarrier();
  row_parts[lane] = part;
  workgroupBarrier();
  let first = lane - lane % LANES;
  var largest = row_parts[first];
  for (var k = 1u; k < LANES; k++) { // unroll
    largest = max(largest, row_parts[first + k]);
  }
  return largest;
}
