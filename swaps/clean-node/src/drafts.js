// Drafts: publications in progress. A live one holds a socket open, since Node.js knows no flock: it works across containers.

import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'

const SOCKET = '.alive'
const NEW = '.new-draft-'
const DRAFT = '.draft-'
/** So long at most a new draft is without its socket. */
const NEW_MS = 60_000

/** Make an empty draft, and remove those that dead runs left. */
export async function openDraft(volume) {
  for (const name of fs.readdirSync(volume)) {
    const other = path.join(volume, name)
    const isDead = name.startsWith(DRAFT) ? !await isAlive(other) : name.startsWith(NEW) && Date.now() - fs.statSync(other).mtimeMs > NEW_MS
    if (isDead) fs.rmSync(other, { recursive: true, force: true })
  }
  // Nobody takes it for dead before it has its socket and its name.
  const folder = fs.mkdtempSync(path.join(volume, NEW))
  fs.chmodSync(folder, 0o755)
  const server = net.createServer()
  await new Promise((resolve, reject) => server.once('error', reject).listen(path.join(folder, SOCKET), resolve))
  server.unref()
  const draft = path.join(volume, path.basename(folder).replace(NEW, DRAFT))
  fs.renameSync(folder, draft)
  return { draft, seal: () => seal(server, draft) }
}

/** Take the socket away, which is nothing to publish. */
function seal(server, draft) {
  fs.rmSync(path.join(draft, SOCKET), { force: true })
  server.close()
}

async function isAlive(draft) {
  const socket = net.connect(path.join(draft, SOCKET))
  try {
    await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}
