// Digests: of files, and of an artifact's content.

import { createHash } from 'node:crypto'
import fs from 'node:fs'

const CHUNK_BYTES = 1 << 20

export const sha256 = data => createHash('sha256').update(data).digest('hex')

/** Return the SHA-256 of a file's bytes; lets signals in between its chunks. */
export async function fileDigest(path) {
  const hash = createHash('sha256')
  for await (const chunk of fs.createReadStream(path, { highWaterMark: CHUNK_BYTES })) hash.update(chunk)
  return hash.digest('hex')
}

/** Order paths by their UTF-8 bytes, which UTF-16 does not do beyond the basic plane. */
export const byBytes = (a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path))

export function contentDigest(files) {
  return sha256([...files].sort(byBytes).map(({ path, sha256: digest }) => `${digest}  ${path}\n`).join(''))
}
