// Locks on files and folders that other containers see. Node.js has no flock, so the program of that name takes them.

import { spawn } from 'node:child_process'
import fs from 'node:fs'

/** Take an exclusive lock and return the function that frees it, or undefined if it is taken and `wait` is false. */
export async function lock(place, { wait = true } = {}) {
  const descriptor = fs.openSync(place, 'r')
  const mode = wait ? ['--exclusive'] : ['--exclusive', '--nonblock']
  // The lock belongs to the open file, which both programs share, and ends with this process.
  const program = spawn('/usr/bin/flock', [...mode, '3'], { stdio: ['ignore', 'ignore', 'inherit', descriptor] })
  const code = await new Promise((resolve, reject) => program.once('error', reject).once('exit', resolve))
  if (code === 0) return () => fs.closeSync(descriptor)
  fs.closeSync(descriptor)
  if (wait) throw new Error(`flock ended with ${code} for ${place}`)
}

/** Return what `work` returns, and hold the lock of a volume meanwhile. */
export async function locked(volume, work) {
  const free = await lock(volume)
  try {
    return await work()
  } finally {
    free()
  }
}
