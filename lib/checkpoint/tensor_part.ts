/**
 * A tensor of a file as a model wants it: transposed, or some of its columns.
 *
 * @module
 */

/** Where a parameter lies in a file that has another layout. */
export interface TensorPart {
  /** Name of the tensor in the file. */
  readonly name: string;
  /** Whether its last two axes are to be exchanged, as for PyTorch's `Linear`, which stores (out, in); false by default. */
  readonly transposed?: boolean;
  /** Columns [first, end) of its last axis, counted after transposing; all by default. */
  readonly columns?: readonly [number, number];
}

/** An array on the host. */
interface HostArray {
  readonly shape: readonly number[];
  readonly data: Float32Array<ArrayBuffer>;
}

/**
 * Shape of a part.
 *
 * @param shape Shape of the whole tensor in the file.
 * @param part What is taken of it.
 * @returns Its shape, or null if the tensor has not the axes or columns.
 */
export function shapeOfPart(
  shape: readonly number[],
  { transposed = false, columns }: TensorPart,
): readonly number[] | null {
  if (shape.length < (transposed ? 2 : columns ? 1 : 0)) return null;
  const turned = transposed ? [...shape.slice(0, -2), shape.at(-1)!, shape.at(-2)!] : shape;
  if (!columns) return turned;
  const [first, end] = columns;
  const fits = Number.isInteger(first) && Number.isInteger(end) && 0 <= first && first < end && end <= turned.at(-1)!;
  return fits ? [...turned.slice(0, -1), end - first] : null;
}

/**
 * Takes a part that {@linkcode shapeOfPart} has found to be there.
 *
 * @param whole The tensor in the file, row-major.
 * @param part What is taken of it.
 * @returns Its elements, row-major.
 */
export function takePart({ shape, data }: HostArray, { transposed = false, columns }: TensorPart): HostArray["data"] {
  if (!transposed && !columns) return data;
  const [rows, width] = transposed ? [shape.at(-1)!, shape.at(-2)!] : [data.length / shape.at(-1)!, shape.at(-1)!];
  const [first, end] = columns ?? [0, width];
  const matrices = transposed ? data.length / (rows * width) : 1;
  const part = new Float32Array(matrices * rows * (end - first));
  let next = 0;
  for (let matrix = 0; matrix < matrices; matrix++) {
    for (let row = 0; row < rows; row++) {
      for (let column = first; column < end; column++) {
        part[next++] = data[matrix * rows * width + (transposed ? column * rows + row : row * width + column)];
      }
    }
  }
  return part;
}

/**
 * Names the part that is taken, in words.
 *
 * @param part The part.
 * @returns Words that follow the name of the tensor; none for all of it.
 */
export function partInWords({ transposed, columns }: TensorPart): string {
  const words = [
    ...(transposed ? ["transposed"] : []),
    ...(columns ? [`columns ${columns[0]} to ${columns[1]}`] : []),
  ];
  return words.length === 0 ? "" : ` (${words.join(", ")})`;
}
