/** The first bytes of what lies in parts; fewer where there are not so many. */
export function firstBytes(parts: readonly Buffer[], length: number): Buffer {
  const first: Buffer[] = [];
  let missing = length;
  for (const part of parts) {
    if (missing <= 0) break;
    first.push(part.subarray(0, missing));
    missing -= part.length;
  }
  return Buffer.concat(first);
}

/** The last bytes of what lies in parts; fewer where there are not so many. */
export function lastBytes(parts: readonly Buffer[], length: number): Buffer {
  const last: Buffer[] = [];
  let missing = length;
  for (let index = parts.length - 1; index >= 0 && missing > 0; index -= 1) {
    const part = parts[index] ?? Buffer.alloc(0);
    last.unshift(part.subarray(Math.max(0, part.length - missing)));
    missing -= part.length;
  }
  return Buffer.concat(last);
}
